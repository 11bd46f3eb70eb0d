// A mixed network on loopback, ten nodes of ours and five of bittorrent-dht, joined through each other: everyone
// announces, and everyone finds what every other has announced.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Mainline } from '../../src/index.ts'
import { BittorrentDht } from './bittorrent-dht.ts'
import { endpointOf, peersOf, randomInfoHash } from './xorbit-network.ts'

/** What the test needs of a node of either kind. */
interface Member {
  readonly kind: 'ours' | 'its'
  readonly endpoint: string
  announce(infoHash: string, port: number): Promise<number>
  find(infoHash: string): Promise<readonly string[]>
}

const SIZE = 15
/** One in three is of bittorrent-dht: five of fifteen. */
const isIts = (index: number): boolean => index % 3 === 1

async function openMember(
  index: number,
  bootstrap: readonly string[],
  stack: AsyncDisposableStack,
): Promise<Member> {
  if (isIts(index)) {
    const node = stack.use(await BittorrentDht.open(bootstrap))
    return {
      kind: 'its',
      endpoint: node.endpoint,
      announce: (infoHash, port) => node.announce(infoHash, port),
      find: (infoHash) => node.peersOf(infoHash),
    }
  }
  const node = stack.use(await Mainline.open({ host: '127.0.0.1', port: 0, bootstrap: [...bootstrap] }))
  if (bootstrap.length > 0) await node.join()
  return {
    kind: 'ours',
    endpoint: endpointOf(node),
    announce: async (infoHash, port) => (await node.announce(infoHash, { port })).stored,
    find: (infoHash) => peersOf(node, infoHash),
  }
}

describe('A network of ten nodes of ours and five of bittorrent-dht', () => {
  test('B5-13, B5-15, B5-20: everyone finds what every other announced', async () => {
    await using stack = new AsyncDisposableStack()
    const members: Member[] = []
    for (let i = 0; i < SIZE; i++) {
      // Each joins through the one before it, so that every pair of kinds occurs.
      members.push(await openMember(i, i === 0 ? [] : [members[i - 1]!.endpoint], stack))
    }
    assert.equal(members.filter(({ kind }) => kind === 'its').length, 5)

    const announced: { readonly infoHash: string; readonly peer: string }[] = []
    for (const [index, member] of members.entries()) {
      const [infoHash, port] = [randomInfoHash(), 6_000 + index]
      const stored = await member.announce(infoHash, port)
      assert.ok(stored >= 8, `node ${index} (${member.kind}): ${stored} nodes took its announce`)
      announced.push({ infoHash, peer: `127.0.0.1:${port}` })
    }

    const missed: string[] = []
    for (const [index, member] of members.entries()) {
      for (const [by, { infoHash, peer }] of announced.entries()) {
        const found = await member.find(infoHash)
        const right = found.length === 1 && found[0] === peer
        if (!right)
          missed.push(`${index} (${member.kind}) of ${by} (${members[by]!.kind}): ${found.join(' ')}`)
      }
    }
    assert.deepEqual(missed, [])
  })
})
