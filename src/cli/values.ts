// `xorbit values KEY`: finds the values under a key of khashmir, each printed as soon as it is found.
import { toHex } from '../kademlia/id.ts'
import { readValueKey, readWhole } from './arguments.ts'
import { isTimeOut } from './ending.ts'
import { Failure, FOUND } from './failure.ts'
import { KHASHMIR } from './networks.ts'
import { counted } from './output.ts'
import type { Call } from './program.ts'
import { sayHowFar } from './progress.ts'
import { shownValue, valueFacts } from './shown-value.ts'
import { withJoinedNode, type AskingFlags } from './short-lived-node.ts'

export interface ValuesFlags extends AskingFlags {
  readonly textKey?: true
  readonly limit?: string
}

/** As many as one search tells. */
const MAX_LIMIT = 10_000

/** Prints a line for each value. Throws Failure when there is none. */
export async function values([text = '']: readonly string[], call: Call<ValuesFlags>): Promise<number> {
  const { flags, output } = call
  const key = readValueKey(text, flags.textKey === true)
  const limit = readLimit(flags.limit)
  return withJoinedNode(KHASHMIR, call, async ({ node, ending }) => {
    const stream = node.values(key, { signal: ending.signal, ...(limit === undefined ? {} : { limit }) })
    let found = 0
    const progress = sayHowFar(output, () => (found === 0 ? 'searching' : null))
    try {
      reading: for await (const batch of stream) {
        for (const value of batch) {
          found++
          output.result(shownValue(value), valueFacts(value))
          // A node may tell more than it was asked for.
          if (found === limit) break reading
        }
      }
    } catch (error) {
      if (!isTimeOut(error) || found === 0) throw error
      output.note(`${counted(found, 'value')} so far; ${error.message}`)
      return FOUND
    } finally {
      progress.end()
    }
    const { holders, asked, answered } = await stream.outcome
    const search = `${answered} of ${counted(asked, 'request')} answered`
    if (found === 0) throw new Failure('not-found', `no values under ${toHex(key)}: ${search}`)
    output.note(`${counted(found, 'value')}, ${counted(holders, 'node')} had values; ${search}`)
    return FOUND
  })
}

function readLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  return readWhole('--limit', text, {
    least: 1,
    most: MAX_LIMIT,
    allowed: `a whole number from 1 to ${MAX_LIMIT}`,
  })
}
