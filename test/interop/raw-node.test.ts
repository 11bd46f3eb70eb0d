// What is rare among real nodes but must work between them, in datagrams that the npm package bencode wrote: transaction
// ids of every kind, replies without `ip` and `v`, keys that nobody knows, errors that are no lists.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toHex, XorbitError } from '../../src/index.ts'
import { hex, RawNode, type RawMessage } from './raw-node.ts'
import { peersOf, randomInfoHash, until, XorbitNetwork } from './xorbit-network.ts'

const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill)

/** Every length of K-02, in zeros, in ones, in text that is no UTF-8, and counting. */
const TRANSACTION_IDS: readonly Uint8Array[] = [0, 1, 2, 4, 8, 15, 32].flatMap((length) => [
  bytes(length, 0x00),
  bytes(length, 0xff),
  bytes(length, 0xc3),
  Uint8Array.from({ length }, (_, index) => index + length),
])

describe('A datagram written by another bencode', () => {
  test('K-02: is answered under its own transaction id, whatever that is', async () => {
    await using xorbit = await XorbitNetwork.open(1)
    await using raw = await RawNode.open()
    const to = xorbit.first.addresses[0]!
    for (const t of TRANSACTION_IDS) {
      const pong = await raw.ask(to, { t, q: 'ping', a: {} })
      assert.equal(hex(pong.t), hex(t))
      assert.equal(hex(pong.r!['id']!), toHex(xorbit.first.id))
    }
  })

  test('K-02, K-06: is refused under its own transaction id too', async () => {
    await using xorbit = await XorbitNetwork.open(1)
    await using raw = await RawNode.open()
    for (const t of TRANSACTION_IDS) {
      const refused = await raw.ask(xorbit.first.addresses[0]!, { t, q: 'find_node', a: {} })
      assert.equal(hex(refused.t), hex(t))
      assert.equal(refused.e![0], 203)
    }
  })

  test('K-04, K-16: gets our version and the address that it came from, in replies and errors', async () => {
    await using xorbit = await XorbitNetwork.open(1)
    await using raw = await RawNode.open()
    const to = xorbit.first.addresses[0]!
    const seen = Buffer.from([127, 0, 0, 1, raw.address.port >> 8, raw.address.port & 0xff]).toString('hex')
    for (const q of ['ping', 'no_such_method']) {
      const { ip, v } = await raw.ask(to, { t: bytes(2, 7), q, a: {} })
      assert.equal(hex(ip!), seen)
      assert.equal(v!.length, 4)
    }
  })

  test('K-19: may hold keys that nobody knows, those of libtorrent and a topic among them', async () => {
    await using xorbit = await XorbitNetwork.open(1)
    await using raw = await RawNode.open()
    const a = { target: raw.id, bs: 1, name: 'some torrent', unknown: [{ deep: [1, 'two'] }] }
    const extra = { c: bytes(20, 1), ro: 1, v: 'a version of more than four bytes', zz: { a: -1 } }
    const reply = await raw.ask(xorbit.first.addresses[0]!, { t: bytes(2, 8), q: 'find_node', a }, extra)
    assert.ok(reply.r!['nodes'] instanceof Uint8Array)
  })
})

describe('A reply written by another bencode', () => {
  test('K-04, K-16: counts without `ip` and `v`, with a peer in it', async () => {
    const infoHash = randomInfoHash()
    const peer = Uint8Array.of(127, 0, 0, 1, 0x1a, 0x0a)
    await using raw = await RawNode.open((query) => ({
      t: query.t,
      y: 'r',
      r: replyTo(query, raw.id, [peer]),
    }))
    await using xorbit = await XorbitNetwork.open(1, { bootstrap: [`127.0.0.1:${raw.address.port}`] })
    assert.deepEqual(await peersOf(xorbit.first, infoHash), ['127.0.0.1:6666'])
    assert.deepEqual(
      xorbit.first.contacts().map(({ id }) => toHex(id)),
      [hex(raw.id)],
    )
  })

  test('K-11: has transaction ids of ours to echo that are long, and never twice the same', async () => {
    const seen: string[] = []
    await using raw = await RawNode.open((query) => {
      seen.push(hex(query.t))
      return { t: query.t, y: 'r', r: replyTo(query, raw.id, []) }
    })
    await using xorbit = await XorbitNetwork.open(1, { bootstrap: [`127.0.0.1:${raw.address.port}`] })
    for (let i = 0; i < 50; i++) await xorbit.first.ping(raw.address)
    assert.ok(seen.length >= 50)
    assert.equal(new Set(seen).size, seen.length)
    assert.ok(seen.every((t) => t.length >= 8))
    const steps = new Set(
      seen.map((t, index) => Number.parseInt(t, 16) - Number.parseInt(seen[index - 1] ?? '0', 16)),
    )
    assert.ok(steps.size > 40, 'they do not count up')
  })

  test('K-07: may be an error that is a bare text, or only a number', async () => {
    for (const e of ['Server Error', [202], [999, 'of its own']]) {
      await using raw = await RawNode.open(({ t }) => ({ t, y: 'e', e }))
      await using xorbit = await XorbitNetwork.open(1)
      const error = await xorbit.first.ping(raw.address).catch((thrown: unknown) => thrown)
      assert.ok(error instanceof XorbitError)
      assert.equal(error.code, 'refused')
      const { code } = error.details['refusal'] as { code: number }
      if (Array.isArray(e)) assert.equal(code, e[0])
    }
  })

  test('K-10: does not count from another port than the one asked', async () => {
    await using other = await RawNode.open()
    await using raw = await RawNode.open(({ t }, { port }) => {
      other.say({ host: '127.0.0.1', port }, { t, y: 'r', r: { id: other.id } })
      return null
    })
    const parameters = { resendAfterMs: [100], requestTimeoutMs: 300 }
    await using xorbit = await XorbitNetwork.open(1, { parameters })
    await assert.rejects(xorbit.first.ping(raw.address), { code: 'no-answer' })
    assert.deepEqual(xorbit.first.contacts(), [])
    const dropped = xorbit.first.stats().families[0]!.dropped
    assert.ok(Object.values(dropped).reduce((sum, count) => sum + count, 0) > 0, JSON.stringify(dropped))
  })

  test('B5-21, B43-03: is what brings a sender of queries into our table, unless it is read-only', async () => {
    await using answering = await RawNode.open(({ t, q }) =>
      Buffer.from(q!).toString() === 'ping' ? { t, y: 'r', r: { id: answering.id } } : null,
    )
    await using readOnly = await RawNode.open(({ t }) => ({ t, y: 'r', r: { id: readOnly.id } }))
    await using silent = await RawNode.open()
    await using xorbit = await XorbitNetwork.open(1)
    const to = xorbit.first.addresses[0]!
    await silent.ask(to, { t: bytes(2, 1), q: 'ping', a: {} })
    await readOnly.ask(to, { t: bytes(2, 2), q: 'ping', a: {} }, { ro: 1 })
    await answering.ask(to, { t: bytes(2, 3), q: 'ping', a: {} })
    const contacts = await until(
      'the one that answers',
      () => xorbit.first.contacts().map(({ id }) => toHex(id)),
      (ids) => ids.length > 0,
    )
    assert.deepEqual(contacts, [hex(answering.id)])
  })
})

/** A reply with an id, no contacts, a token, and these peers for get_peers. */
function replyTo({ q }: RawMessage, id: Uint8Array, values: readonly Uint8Array[]): Record<string, unknown> {
  if (Buffer.from(q!).toString() === 'get_peers') return { id, token: 'tk', nodes: '', values }
  return { id, nodes: '' }
}
