// What a NodeState does with bans: whom they keep out, until when, and their bound. drogulus B0.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MAX_BANS, MAX_BAN_TEXT, MAX_KEY_BYTES, type Ban, type NodeState } from '../../src/stores/store.ts'
import { runs } from '../property-runs.ts'
import type { OpenStore } from './store-contract.ts'

interface Details {
  readonly host?: string
  readonly until?: number
  readonly why?: string
}

/** The ban of the peer whose id ends in this number. */
export function ban(number: number, { host = '10.0.0.1', until = 2_000, why = 'forged' }: Details = {}): Ban {
  return { id: peerId(number), host, until, why }
}

/** 64 bytes, as the ids of drogulus. */
export function peerId(number: number): Uint8Array {
  const id = new Uint8Array(64).fill(7)
  new DataView(id.buffer).setUint32(60, number)
  return id
}

/** Number, host, end and reason of each ban, in order. */
export function bansOf(state: NodeState): string[] {
  const lines = state
    .bans()
    .map(({ id, host, until, why }) => `${Buffer.from(id).readUInt32BE(60)} ${host} ${until} ${why}`)
  return lines.toSorted()
}

export function banContract(open: OpenStore, count: number): void {
  whoIsBanned(open)
  bounds(open)
  byRandomOperations(open, count)
}

function whoIsBanned(open: OpenStore): void {
  test('keeps out who was banned, at that address only, until the ban ends (drogulus B0)', () => {
    const { state } = open()
    assert.equal(state.isBanned(peerId(1), '10.0.0.1', 0), false)
    state.saveBan(ban(1, { until: 1_999.6 }))
    assert.equal(state.isBanned(peerId(1), '10.0.0.1', 1_999), true)
    assert.equal(state.isBanned(peerId(1), '10.0.0.1', 2_000), false)
    assert.equal(state.isBanned(peerId(1), '10.0.0.2', 0), false)
    assert.equal(state.isBanned(peerId(2), '10.0.0.1', 0), false)
    assert.equal(state.isBanned(peerId(1).subarray(0, 63), '10.0.0.1', 0), false)
    assert.deepEqual(state.bans(), [ban(1)])
  })

  test('holds one ban of an id and host, and one that ends earlier never shortens it', () => {
    const { state } = open()
    state.saveBan(ban(1, { until: 2_000 }))
    state.saveBan(ban(1, { until: 3_000, why: 'again' }))
    state.saveBan(ban(1, { until: 2_500, why: 'earlier' }))
    state.saveBan(ban(1, { host: '2001:db8::1' }))
    assert.deepEqual(bansOf(state), ['1 10.0.0.1 3000 again', '1 2001:db8::1 2000 forged'])
  })

  test('does not mix up the end of a host with the beginning of an id', () => {
    const { state } = open()
    state.saveBan({ ...ban(1), host: '10.0.0.1', id: Uint8Array.from([50, 51]) })
    assert.equal(state.isBanned(Uint8Array.from([51]), '10.0.0.12', 0), false)
    assert.equal(state.isBanned(Uint8Array.from([49, 50, 51]), '10.0.0.', 0), false)
    assert.equal(state.isBanned(Uint8Array.from([50, 51]), '10.0.0.1', 0), true)
  })

  test('copies the id of a ban, and what it hands out does not change later', () => {
    const { state } = open()
    const given = ban(1)
    state.saveBan(given)
    given.id.fill(0)
    const handedOut = state.bans()
    state.saveBan(ban(1, { until: 9_000 }))
    assert.deepEqual(handedOut, [ban(1)])
  })

  test('drops the bans that have ended, those that ended first before others, in pieces', () => {
    const { state } = open()
    for (const [number, until] of [50, 20, 40, 10, 30].entries()) state.saveBan(ban(number, { until }))
    assert.equal(state.expireBans(9, 10), 0)
    assert.equal(state.expireBans(40, 2), 2)
    const ends = (): number[] => state.bans().map(({ until }) => until)
    assert.deepEqual(new Set(ends()), new Set([30, 40, 50]))
    state.saveBan(ban(4, { until: 60 }))
    assert.equal(state.expireBans(40, 10), 1)
    assert.deepEqual(new Set(ends()), new Set([50, 60]))
    assert.equal(state.isBanned(peerId(4), '10.0.0.1', 59), true)
  })
}

function bounds(open: OpenStore): void {
  test('holds so many bans, and of one host forgets the one that ends first, be it the new one (drogulus B0)', () => {
    const { state } = open()
    for (let number = 0; number < MAX_BANS; number++) state.saveBan(ban(number, { until: 1_000 + number }))
    state.saveBan(ban(0, { until: 9_000 }))
    state.saveBan(ban(MAX_BANS, { until: 5_000 }))
    const isBanned = (number: number): boolean => state.isBanned(peerId(number), '10.0.0.1', 0)
    assert.deepEqual([0, 1, 2, MAX_BANS].map(isBanned), [true, false, true, true])
    state.saveBan(ban(MAX_BANS + 1, { until: 1_001 }))
    assert.deepEqual([2, MAX_BANS + 1].map(isBanned), [true, false])
    assert.equal(state.bans().length, MAX_BANS)
  })

  test('forgets one of the host that has the most, so that one forger does not flush out the others (drogulus B0)', () => {
    const { state } = open()
    state.saveBan(ban(1, { host: '192.0.2.1', until: 100 }))
    state.saveBan(ban(2, { host: '192.0.2.2', until: 101 }))
    state.saveBan(ban(3, { host: '192.0.2.2', until: 102 }))
    for (let number = 0; number < MAX_BANS + 5; number++)
      state.saveBan(ban(number, { until: 1_000 + number }))
    assert.equal(state.isBanned(peerId(1), '192.0.2.1', 0), true)
    assert.equal(state.isBanned(peerId(2), '192.0.2.2', 0), true)
    assert.equal(state.isBanned(peerId(3), '192.0.2.2', 0), true)
    const isBanned = (number: number): boolean => state.isBanned(peerId(number), '10.0.0.1', 0)
    assert.deepEqual([7, 8, MAX_BANS + 4].map(isBanned), [false, true, true])
    assert.equal(state.bans().length, MAX_BANS)
  })

  test('takes an id or a text of a length that cannot be, and a time that is no number, as misuse', () => {
    const { state } = open()
    const longest = { id: new Uint8Array(MAX_KEY_BYTES), host: 'h'.repeat(MAX_BAN_TEXT) }
    state.saveBan({ ...ban(1), ...longest, why: 'w'.repeat(MAX_BAN_TEXT) })
    const bad: Partial<Ban>[] = [
      { id: new Uint8Array(0) },
      { id: new Uint8Array(MAX_KEY_BYTES + 1) },
      { host: 'h'.repeat(MAX_BAN_TEXT + 1) },
      { why: 'w'.repeat(MAX_BAN_TEXT + 1) },
      { until: Number.NaN },
      { until: Number.POSITIVE_INFINITY },
    ]
    for (const field of bad) {
      const what = Object.keys(field).join()
      assert.throws(() => state.saveBan({ ...ban(1), ...field }), { name: 'RangeError' }, what)
    }
    assert.throws(() => state.expireBans(Number.NaN, 1), { name: 'RangeError' })
    assert.equal(state.bans().length, 1)
    assert.equal(state.isBanned(longest.id, longest.host, 0), true)
    assert.equal(state.isBanned(new Uint8Array(200_000), longest.host, 0), false)
  })
}

type BanOperation =
  | { readonly do: 'save'; readonly ban: Ban }
  | { readonly do: 'expire'; readonly now: number }

const bans = fc.record({ host: fc.constantFrom('10.0.0.1', '::1'), until: fc.nat(30) })
export const banOperations: fc.Arbitrary<BanOperation[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.nat(5), bans)
        .map(([number, details]) => ({ do: 'save' as const, ban: ban(number, details) })),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const), now: fc.nat(30) }) },
  ),
)

export function applyToBans(state: NodeState, operation: BanOperation): void {
  if (operation.do === 'save') state.saveBan(operation.ban)
  else state.expireBans(operation.now, 100)
}

function byRandomOperations(open: OpenStore, count: number): void {
  test('holds of each id and host the ban that ends last, until it is dropped', () => {
    fc.assert(
      fc.property(banOperations, (operations) => {
        const store = open()
        const { state } = store
        let model = new Map<string, Ban>()
        for (const operation of operations) {
          applyToBans(state, operation)
          if (operation.do === 'expire') {
            model = new Map([...model].filter(([, { until }]) => until > operation.now))
            continue
          }
          const key = `${operation.ban.host} ${Buffer.from(operation.ban.id).toString('hex')}`
          if (operation.ban.until > (model.get(key)?.until ?? -1)) model.set(key, operation.ban)
        }
        assert.deepEqual(new Set(state.bans()), new Set(model.values()))
        for (const { id, host, until } of model.values()) {
          assert.equal(state.isBanned(id, host, until - 1), true)
          assert.equal(state.isBanned(id, host, until), false)
        }
        store.close()
      }),
      runs(count),
    )
  })
}
