// What a NodeState does with identities, contacts and commitments, and their bounds.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomId } from '../../src/kademlia/id.ts'
import {
  MAX_COMMITMENT_BYTES,
  MAX_COMMITMENTS,
  MAX_KEY_BYTES,
  MAX_SAVED_CONTACTS,
  MAX_SLOTS,
  StoreError,
  type Commitment,
  type SavedContact,
} from '../../src/stores/store.ts'
import { infoHash } from './peer-examples.ts'
import type { OpenStore } from './store-contract.ts'

const isFull = (error: unknown): boolean => error instanceof StoreError && error.code === 'full'

function contact(number: number): SavedContact {
  return { id: infoHash(number), host: `10.0.0.${number % 256}`, port: 6881, repliedAt: number }
}

function commitment(kind: string, number: number, data = 'x', doneAt = 0): Commitment {
  return { kind, key: infoHash(number), data: new TextEncoder().encode(data), doneAt }
}

export function stateContract(open: OpenStore): void {
  identitiesAndContacts(open)
  commitments(open)
}

function identitiesAndContacts(open: OpenStore): void {
  test('keeps one identity a slot, of any length, and null where none was saved', () => {
    const { state } = open()
    assert.equal(state.identity('v4'), null)
    const id = new Uint8Array(64).fill(7)
    state.saveIdentity('v4', id)
    id.fill(0)
    state.saveIdentity('v6', infoHash(6))
    assert.deepEqual(state.identity('v4'), new Uint8Array(64).fill(7))
    state.saveIdentity('v4', infoHash(4))
    assert.deepEqual(state.identity('v4'), new Uint8Array(infoHash(4)))
    assert.deepEqual(state.identity('v6'), new Uint8Array(infoHash(6)))
  })

  test('replaces the contacts of a slot as a whole, keeps their order, and leaves other slots alone', () => {
    const { state } = open()
    assert.deepEqual(state.contacts('v4'), [])
    state.saveContacts('v6', [contact(9)])
    state.saveContacts('v4', [contact(2), contact(1), contact(3)])
    state.saveContacts('v4', [contact(3), contact(2)])
    assert.deepEqual(state.contacts('v4'), [contact(3), contact(2)])
    assert.deepEqual(state.contacts('v6'), [contact(9)])
    state.saveContacts('v4', [])
    assert.deepEqual(state.contacts('v4'), [])
  })

  test('keeps the first contacts of too many', () => {
    const { state } = open()
    const many = Array.from({ length: MAX_SAVED_CONTACTS + 5 }, (_, i) => contact(i))
    state.saveContacts('v4', many)
    assert.deepEqual(state.contacts('v4'), many.slice(0, MAX_SAVED_CONTACTS))
  })

  test('refuses a slot too many as full', () => {
    const { state } = open()
    for (let i = 0; i < MAX_SLOTS; i++) {
      state.saveIdentity(`slot ${i}`, infoHash(i))
      state.saveContacts(`slot ${i}`, [contact(i)])
    }
    assert.throws(() => state.saveIdentity('one more', infoHash(1)), isFull)
    assert.throws(() => state.saveContacts('one more', []), isFull)
    state.saveIdentity('slot 3', infoHash(99))
  })

  test('takes a port that is none, an id too long and a time that is no number as misuse', () => {
    const { state } = open()
    assert.throws(() => state.saveContacts('v4', [{ ...contact(1), port: 65_536 }]), /RangeError.*65536/)
    assert.throws(() => state.saveContacts('v4', [{ ...contact(1), port: 1.5 }]), /RangeError/)
    assert.throws(() => state.saveContacts('v4', [{ ...contact(1), repliedAt: Number.NaN }]), /RangeError/)
    const long = randomId(MAX_KEY_BYTES + 1, { bytes: (count) => new Uint8Array(count), fraction: () => 0 })
    assert.throws(() => state.saveIdentity('v4', long), /RangeError.*513/)
    assert.deepEqual(state.contacts('v4'), [])
  })
}

function commitments(open: OpenStore): void {
  test('keeps one commitment of a kind and key, the last one', () => {
    const { state } = open()
    state.saveCommitment(commitment('announce', 1, 'old'))
    state.saveCommitment(commitment('publish', 1))
    state.saveCommitment(commitment('announce', 1, 'new', 5))
    state.saveCommitment(commitment('announce', 2))
    assert.equal(state.commitments().length, 3)
    const kept = state.commitment('announce', infoHash(1))
    assert.deepEqual(kept, { ...commitment('announce', 1, 'new', 5), key: new Uint8Array(infoHash(1)) })
    assert.equal(state.commitment('publish', infoHash(2)), null)
    state.removeCommitment('announce', infoHash(1))
    state.removeCommitment('announce', infoHash(1))
    assert.deepEqual(
      state
        .commitments()
        .map(({ kind, key }) => `${kind} ${key[19]}`)
        .toSorted(),
      ['announce 2', 'publish 1'],
    )
  })

  test('does not mix up the end of a kind with the beginning of a key', () => {
    const { state } = open()
    const data = new Uint8Array(1)
    state.saveCommitment({ kind: 'a', key: Uint8Array.from([98, 99]), data, doneAt: 0 })
    state.saveCommitment({ kind: 'ab', key: Uint8Array.from([99]), data, doneAt: 0 })
    state.saveCommitment({ kind: '', key: Uint8Array.from([97, 98, 99]), data, doneAt: 0 })
    assert.equal(state.commitments().length, 3)
  })

  test('refuses a commitment too many as full, and takes data too long as misuse', () => {
    const { state } = open()
    for (let i = 0; i < MAX_COMMITMENTS; i++) state.saveCommitment(commitment('announce', i))
    assert.throws(() => state.saveCommitment(commitment('announce', MAX_COMMITMENTS)), isFull)
    state.saveCommitment(commitment('announce', 3, 'again'))
    const tooLong = 'x'.repeat(MAX_COMMITMENT_BYTES + 1)
    assert.throws(() => state.saveCommitment(commitment('announce', 3, tooLong)), /RangeError.*4097/)
    assert.equal(state.commitments().length, MAX_COMMITMENTS)
  })
}
