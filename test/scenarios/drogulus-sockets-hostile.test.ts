// A whole drogulus node against bad input, over TLS and over plain TCP: what is wrong is answered with the right code, or
// the connection is closed, all of it is counted, and an honest request is answered right behind it. The same against the
// transport alone is in test/transports/tls-hostile.test.ts, against the wire alone in test/networks/drogulus/wire/.
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { frameNetstring } from '../../src/codecs/netstring.ts'
import { raw } from '../codecs/msgpack-samples.ts'
import { message, UUID } from '../networks/drogulus/packets.ts'
import { eventually, pause } from '../transports/streams.ts'
import { ANSWERED, NO_NETSTRING, SILENT } from './drogulus-bad-input.ts'
import { addressOf, openedOver } from './drogulus-sockets.ts'
import { bareConnection, DrogulusStranger, KINDS, type Kind } from './drogulus-strangers.ts'

type Opened = Awaited<ReturnType<typeof openedOver>>

/** That a stranger is served, on a connection of its own. */
async function assertServed(node: Opened, kind: Kind): Promise<void> {
  using honest = await DrogulusStranger.connect(addressOf(node), { kind })
  assert.equal((await honest.ask({ method: 'ping' })).name, 'pong')
}

const statsOf = ({ node }: Opened) => node.stats().families[0]!

for (const kind of KINDS) {
  const over = kind === 'TLS' ? {} : { tls: null }

  describe(`A drogulus node over ${kind}`, () => {
    let node: Opened
    before(async () => {
      node = await openedOver(over)
    })

    for (const [what, payload, code, details] of ANSWERED) {
      test(`answers a message with ${what} with error ${code} under its uuid, closes, and counts it (drogulus B0, B4)`, async () => {
        const counted = refusedIn(node)
        using stranger = await DrogulusStranger.connect(addressOf(node), { kind })
        const answer = await stranger.exchange(frameNetstring(payload))
        assert.deepEqual([answer.name, answer.uuid, answer.code], ['error', UUID, code])
        assert.match(answer.details['message']!, details)
        await eventually(() => stranger.isClosed)
        assert.equal(stranger.heard.length, 1)
        assert.equal(refusedIn(node), counted + 1)
        await assertServed(node, kind)
      })
    }

    for (const [what, payload, reason] of SILENT) {
      test(`leaves ${what} unanswered, counts it, and answers what follows it (drogulus B0)`, async () => {
        const counted = statsOf(node).dropped[reason] ?? 0
        using stranger = await DrogulusStranger.connect(addressOf(node), { kind })
        stranger.socket.write(frameNetstring(payload))
        assert.equal((await stranger.ask({ method: 'ping' })).name, 'pong')
        assert.equal(stranger.heard.length, 1)
        assert.equal(statsOf(node).dropped[reason], counted + 1)
      })
    }

    for (const [what, bytes] of NO_NETSTRING) {
      test(`closes the connection of who sends ${what}, without an answer, and counts it (drogulus B1)`, async () => {
        const counted = node.transport.drops()['framing'] ?? 0
        using stranger = await DrogulusStranger.connect(addressOf(node), { kind })
        stranger.socket.write(bytes)
        await eventually(() => stranger.isClosed)
        assert.deepEqual(stranger.heard, [])
        assert.equal(statsOf(node).transportDropped['framing'], counted + 1)
        await assertServed(node, kind)
      })
    }

    test('closes the connection of who sends a message cut short and ends, and counts it (drogulus B1)', async () => {
      const counted = node.transport.drops()['cut-short'] ?? 0
      using stranger = await DrogulusStranger.connect(addressOf(node), { kind })
      stranger.socket.end(frameNetstring(message('ping')).subarray(0, 50))
      await eventually(() => stranger.isClosed)
      assert.deepEqual(stranger.heard, [])
      assert.equal(statsOf(node).transportDropped['cut-short'], counted + 1)
    })

    test('answers what was whole before the connection broke its framing (drogulus B1)', async () => {
      using stranger = await DrogulusStranger.connect(addressOf(node), { kind })
      const good = frameNetstring(message('ping'))
      const { name } = await stranger.exchange(Buffer.concat([good, raw('05:hello,')]))
      assert.equal(name, 'pong')
      await eventually(() => stranger.isClosed)
      assert.equal(stranger.heard.length, 1)
    })

    test('takes the last of two fields of one name, as the originals do (drogulus B2)', async () => {
      using stranger = await DrogulusStranger.connect(addressOf(node), { kind })
      // The message of two names: one more entry behind what was the last.
      const twice = Buffer.concat([message('republish'), Buffer.from('a76d657373616765a470696e67', 'hex')])
      twice[0]!++
      assert.equal((await stranger.exchange(frameNetstring(twice))).name, 'pong')
    })

    test('cuts off who sends a byte after the other, is silent, or never ends its handshake, and counts each', async () => {
      const limits = { slowMessageMs: 60, idleIncomingMs: 150, handshakeTimeoutMs: 100 }
      const quick = await openedOver({ ...over, limits })
      using dripping = await DrogulusStranger.connect(addressOf(quick), { kind })
      using silent = await DrogulusStranger.connect(addressOf(quick), { kind })
      const greeting = await bareConnection(addressOf(quick))
      if (kind === 'TLS') greeting.write(Buffer.from('1603010200010001fc0303', 'hex'))
      const frame = frameNetstring(message('ping'))
      for (let i = 0; !dripping.isClosed && i < frame.length; i++) {
        dripping.socket.write(frame.subarray(i, i + 1))
        await pause(5)
      }
      await eventually(() => dripping.isClosed && silent.isClosed && greeting.destroyed)
      assert.deepEqual([dripping.heard, silent.heard], [[], []])
      const expected = kind === 'TLS' ? { slow: 1, idle: 1, handshake: 1 } : { slow: 1, idle: 2 }
      assert.deepEqual(statsOf(quick).transportDropped, expected)
      await assertServed(quick, kind)
    })

    test('has no contact and no value after all that, and bans nobody', () => {
      assert.deepEqual(node.node.contacts(), [])
      assert.deepEqual([node.store.records.size.records, node.node.stats().banned], [0, 0])
    })
  })
}

/** Requests that were refused, of any method or none. */
function refusedIn(node: Opened): number {
  const { methods, dropped } = statsOf(node)
  const refused = Object.values(methods).reduce((sum, each) => sum + each.refused, 0)
  return Object.values(dropped).reduce((sum, count) => sum + count, refused)
}
