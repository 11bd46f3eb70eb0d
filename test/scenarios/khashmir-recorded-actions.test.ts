// What the four originals report for storing and getting with one neighbour (client-store, client-get), done by a whole
// node of ours with a neighbour that answers as recorded. What is sent meanwhile: test/networks/khashmir/client-vectors.test.ts.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { asId, toHex } from '../../src/kademlia/id.ts'
import { createMemoryStore } from '../../src/stores/memory-store.ts'
import { KHASHMIR_COMMITS, khashmirVectors, type KhashmirCommit } from '../khashmir-vectors.ts'
import { honest, KhashmirPuppet } from './khashmir-puppet.ts'
import { khashmirScenario as scenario } from './scenario.ts'

interface Text {
  readonly hex: string
}

/** What of the two results is told by the original, and the two ids. */
function recorded(commit: KhashmirCommit) {
  const result = (name: string) =>
    khashmirVectors({ name, commit, direction: 'result' })[0]!.result as unknown as {
      readonly key: string
      readonly by: readonly string[]
      readonly value: Text
      readonly values: readonly Text[]
    }
  const [asked] = khashmirVectors({ name: 'client-join', commit, direction: 'request-from-original' })
  const [answered] = khashmirVectors({ name: 'client-join', commit, direction: 'response-to-original' })
  const own = (asked!.decoded as unknown as { a: { id: Text } }).a.id.hex
  const remote = (answered!.decoded as unknown as { r: { id: Text } }).r.id.hex
  const told = (
    khashmirVectors({ name: 'client-get_value', commit, direction: 'response-to-original' })[0]!
      .decoded as unknown as { r: { values: readonly Text[] } }
  ).r.values
  return { own, remote, told, stored: result('client-store'), got: result('client-get') }
}

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))

/** Until 81a89f3 the own node took no part in its own actions; ours always does, as from then on (khashmir A7). */
const ALONE: readonly KhashmirCommit[] = ['e525e8e', 'abdb21e']

describe('With one neighbour that answers as recorded (khashmir A7)', () => {
  for (const commit of KHASHMIR_COMMITS) {
    scenario(
      `a value is stored, and values are got, by the same nodes as by ${commit}`,
      {},
      async (network) => {
        const { own, remote, told, stored, got } = recorded(commit)
        const puppet = new KhashmirPuppet(network, { id: asId(bytes(remote)) })
        puppet.answer = (query) => {
          if (query.method === 'find_value') return { nodes: [], num: told.length }
          return query.method === 'get_value' ? { values: told.map(({ hex }) => bytes(hex)) } : honest(query)
        }
        const store = createMemoryStore()
        store.state.saveIdentity('khashmir', bytes(own))
        const options = { preset: commit === 'HEAD' ? 'head' : 'march-2008' } as const
        const { node } = network.add({ store, options, bootstrap: [puppet.address] })
        await network.clock.settle(node.join())
        assert.equal(toHex(node.id), own)

        const value = bytes(stored.value.hex)
        const { accepted } = await network.clock.settle(node.store(stored.key, value, { keepAlive: false }))
        const by = accepted.map(({ host }) => (host === 'self' ? own : remote))
        assert.deepEqual(by.toSorted(), [...stored.by, ...(ALONE.includes(commit) ? [own] : [])].toSorted())

        const values: string[] = []
        const read = async (): Promise<void> => {
          for await (const batch of node.values(got.key))
            values.push(...batch.map((each) => Buffer.from(each).toString('hex')))
        }
        await network.clock.settle(read())
        const expected = [
          ...got.values.map(({ hex }) => hex),
          ...(ALONE.includes(commit) ? [stored.value.hex] : []),
        ]
        assert.deepEqual(values.toSorted(), expected.toSorted())
      },
    )
  }
})
