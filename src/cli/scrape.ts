// `xorbit scrape INFOHASH`: about how many seeds and peers there are, without joining them (BEP 33).
import { readId } from './arguments.ts'
import { Failure, FOUND, NO_ANSWER } from './failure.ts'
import { MAINLINE } from './networks.ts'
import { counted } from './output.ts'
import type { Call } from './program.ts'
import { withProgress } from './progress.ts'
import { withJoinedNode, type AskingFlags } from './short-lived-node.ts'

/** Prints the estimates. Throws Failure when nobody answered. */
export async function scrape([text = '']: readonly string[], call: Call<AskingFlags>): Promise<number> {
  const { output } = call
  const target = readId('INFOHASH', text, MAINLINE)
  return withJoinedNode(MAINLINE, call, async ({ node, ending }) => {
    const scraping = node.scrape(target, { signal: ending.signal })
    const swarm = await withProgress(output, 'counting', scraping)
    const { infoHash, seeds, peers, holders, legacy, disbelieved, asked, answered, failed } = swarm
    const search = `${answered} of ${counted(asked, 'node')} answered`
    if (answered === 0) throw new Failure('no-answer', `nobody answered on the way to ${infoHash}`)
    const facts = { infoHash, seeds, peers, holders, legacy, disbelieved, asked, answered, failed }
    const isNone = seeds + peers === 0
    const shown = `about ${counted(seeds, 'seed')} and ${counted(peers, 'other peer')}`
    output.result(isNone ? 'no seeds and no other peers' : shown, facts)
    const doubted = disbelieved === 0 ? '' : `, ${disbelieved} more were not believed`
    output.note(`${counted(holders, 'node')} told of them${doubted}; ${search}`)
    return isNone ? NO_ANSWER : FOUND
  })
}
