// The sentences every Store must hold, whatever keeps it. Run by test/stores/ for each of them.
// Not here: what only a file can do (survive, be refused).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { MemoryStoreOptions } from '../../src/stores/memory-store.ts'
import { StoreError, type Store } from '../../src/stores/store.ts'
import { ban, banContract, peerId } from './ban-contract.ts'
import { infoHash, peer4 } from './peer-examples.ts'
import { peerBoundsContract } from './peer-bounds-contract.ts'
import { peerContract } from './peer-contract.ts'
import { peerProperties } from './peer-properties.ts'
import { recordBoundsContract } from './record-bounds-contract.ts'
import { recordContract } from './record-contract.ts'
import { record, versionOf } from './record-examples.ts'
import { recordProperties } from './record-properties.ts'
import { stateContract } from './state-contract.ts'
import { valueBoundsContract } from './value-bounds-contract.ts'
import { valueContract } from './value-contract.ts'
import { bytesOf, textsOf, value } from './value-examples.ts'
import { valueProperties } from './value-properties.ts'

/** Makes an empty store; the suite closes it. */
export type OpenStore = (options?: MemoryStoreOptions) => Store

/** `runs`: how many random sequences; a file costs some ms to make, and more on a busy disk. */
export function storeContract(open: OpenStore, runs: number): void {
  describe('peers', () => peerContract(open))
  describe('bounds on peers', () => peerBoundsContract(open))
  describe('peers, by random operations', () => peerProperties(open, runs))
  describe('records', () => recordContract(open))
  describe('bounds on records', () => recordBoundsContract(open))
  describe('records, by random operations', () => recordProperties(open, runs))
  describe('values', () => valueContract(open))
  describe('bounds on values', () => valueBoundsContract(open))
  describe('values, by random operations', () => valueProperties(open, runs))
  describe("the node's own state", () => stateContract(open))
  describe('bans', () => banContract(open, runs))
  describe('the store as a whole', () => lifeContract(open))
}

function lifeContract(open: OpenStore): void {
  test('shows changes at once, before any commit', () => {
    const store = open()
    store.peers.announce(infoHash(1), peer4('10.0.0.1', 1))
    store.records.put(record(1))
    store.values.store(infoHash(1), value('a'))
    assert.equal(store.peers.size.peers, 1)
    assert.equal(store.records.size.records, 1)
    assert.equal(store.values.size.values, 1)
    store.commit()
    assert.equal(store.peers.size.peers, 1)
    assert.equal(store.records.size.records, 1)
    assert.equal(store.values.size.values, 1)
    store.close()
  })

  test('commits when there is nothing to commit, and as often as one likes', () => {
    const store = open()
    store.commit()
    store.commit()
    store.close()
  })

  test('may be closed twice', () => {
    const store = open()
    store.close()
    store.close()
  })

  test('after close still answers, and refuses every change and commit as closed', () => {
    const store = open()
    store.peers.announce(infoHash(1), peer4('10.0.0.1', 1))
    store.records.put(record(1))
    store.values.store(infoHash(1), value('a'))
    store.state.saveIdentity('v4', new Uint8Array(20))
    store.state.saveBan(ban(1))
    store.close()
    const commitment = { kind: 'announce', key: infoHash(1), data: new Uint8Array(1), doneAt: 0 }
    const changes: Record<string, () => void> = {
      announce: () => store.peers.announce(infoHash(2), peer4('10.0.0.2', 1)),
      withdraw: () => store.peers.withdraw(infoHash(1), peer4('10.0.0.1', 1).compact),
      expire: () => store.peers.expire(Number.MAX_SAFE_INTEGER, 1),
      put: () => store.records.put(record(2)),
      remove: () => store.records.remove(infoHash(1)),
      sawVersion: () => store.records.sawVersion(infoHash(1), versionOf(9), 1),
      expireRecords: () => store.records.expire(Number.MAX_SAFE_INTEGER, 1),
      store: () => store.values.store(infoHash(1), value('b')),
      withdrawValue: () => store.values.withdraw(infoHash(1), bytesOf('a')),
      expireValues: () => store.values.expire(Number.MAX_SAFE_INTEGER, 1),
      saveIdentity: () => store.state.saveIdentity('v4', new Uint8Array(20)),
      saveContacts: () => store.state.saveContacts('v4', []),
      saveCommitment: () => store.state.saveCommitment(commitment),
      removeCommitment: () => store.state.removeCommitment('announce', infoHash(1)),
      saveBan: () => store.state.saveBan(ban(2)),
      expireBans: () => store.state.expireBans(Number.MAX_SAFE_INTEGER, 1),
      commit: () => store.commit(),
    }
    for (const [name, change] of Object.entries(changes)) {
      assert.throws(change, (error) => error instanceof StoreError && error.code === 'closed', name)
    }
    assert.deepEqual(store.peers.size, { infoHashes: 1, peers: 1 })
    assert.equal(store.peers.count(infoHash(1), 4).peers, 1)
    assert.deepEqual(store.records.get(infoHash(1), 1_000), record(1))
    assert.deepEqual(store.records.newest(infoHash(1)), versionOf(0))
    assert.deepEqual(textsOf(store.values, 1), ['a'])
    assert.equal(store.values.count(infoHash(1), 0), 1)
    assert.deepEqual(store.state.identity('v4'), new Uint8Array(20))
    assert.deepEqual(store.state.bans(), [ban(1)])
    assert.equal(store.state.isBanned(peerId(1), '10.0.0.1', 1_999), true)
  })
}
