// Two thousand hostile connections to a whole drogulus node, of every kind of bad input: its memory stays as it was, all of
// it is counted, and an honest request is answered meanwhile and afterwards.
import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Address } from '../../src/kademlia/contact.ts'
import { frameNetstring } from '../../src/codecs/netstring.ts'
import { message } from '../networks/drogulus/packets.ts'
import { eventually, pause } from '../transports/streams.ts'
import { ANSWERED, NO_NETSTRING, SILENT } from './drogulus-bad-input.ts'
import { signed } from './drogulus-fixtures.ts'
import { addressOf, kill, openedOver } from './drogulus-sockets.ts'
import { bareConnection, DrogulusStranger, KINDS, type Kind } from './drogulus-strangers.ts'

setFlagsFromString('--expose-gc')
// Code that was compiled for the first kind and is thrown away under the second would hide what that one keeps.
setFlagsFromString('--no-flush-bytecode')
const collect = runInNewContext('gc') as () => void

const HOSTILE = 2_000
/** Before memory is measured for the first time. */
const WARM_UP = 600
const AT_ONCE = 32
/** Half a kilobyte for each hostile connection would be more. */
const MAX_GROWTH_BYTES = 1_000_000

/** What a hostile connection does. It is over when this resolves, and nothing of it is open. */
type Attack = (kind: Kind, to: Address) => Promise<void>

/** Sends these bytes and waits until it has an answer, or is closed. With `ends` it says first that this was all. */
const sending =
  (bytes: Uint8Array, ends = false): Attack =>
  async (kind, to) => {
    using stranger = await DrogulusStranger.connect(to, { kind })
    if (ends) stranger.socket.end(bytes)
    else stranger.socket.write(bytes)
    await eventually(() => stranger.heard.length > 0 || stranger.isClosed)
  }

/** Sends these bytes without TLS and resets the connection a turn later. */
const barely =
  (bytes: Uint8Array): Attack =>
  async (_kind, to) => {
    const socket = await bareConnection(to)
    socket.write(bytes)
    await turn()
    socket.resetAndDestroy()
  }

const PING = frameNetstring(message('ping'))

const BAD_MESSAGES: readonly Attack[] = [
  ...ANSWERED.map(([, payload]) => sending(frameNetstring(payload))),
  // It is over when what follows is answered.
  ...SILENT.map(([, payload]) => sending(Buffer.concat([frameNetstring(payload), PING]))),
]

const BAD_STREAMS: readonly Attack[] = [
  ...NO_NETSTRING.map(([, bytes]) => sending(bytes)),
  sending(PING.subarray(0, 50), true),
]

const HALF_HELLO = Buffer.from('1603010200010001fc0303', 'hex')

const RESETS: readonly Attack[] = [
  Buffer.alloc(0),
  HALF_HELLO,
  Buffer.alloc(5_000, 0xa5),
  PING.subarray(0, 9),
].flatMap((bytes) => Array.from({ length: 10 }, () => barely(bytes)))

const ATTACKS = [...BAD_MESSAGES, ...BAD_STREAMS, ...RESETS]

describe('A drogulus node under two thousand hostile connections', () => {
  for (const kind of KINDS) {
    test(`over ${kind} counts them, keeps nothing of them, and answers the honest`, async (context) => {
      const node = await openedOver({ limits: { lingerMs: 200 }, ...(kind === 'TLS' ? {} : { tls: null }) })
      const to = addressOf(node)
      const made = new Map<Attack, number>()
      const attack = async (count: number): Promise<void> => {
        let begun = 0
        const one = async (): Promise<void> => {
          while (begun < count) {
            const next = ATTACKS[begun++ % ATTACKS.length]!
            made.set(next, (made.get(next) ?? 0) + 1)
            await next(kind, to)
          }
        }
        await Promise.all(Array.from({ length: AT_ONCE }, one))
        await eventually(() => node.transport.counters().incoming === 0)
      }
      await attack(WARM_UP)
      const before = await usedMemory()
      const under = attack(HOSTILE)
      // Meanwhile.
      const item = signed({ timestamp: Date.now() / 1_000 })
      using honest = await DrogulusStranger.connect(to, { kind })
      assert.equal((await honest.ask({ method: 'store', item })).name, 'pong')
      assert.equal((await honest.ask({ method: 'findvalue', key: item.key, anyPort: true })).name, 'value')
      honest.socket.destroy()
      await under
      const grownBy = (await usedMemory()) - before
      context.diagnostic(`grown by ${grownBy} bytes`)
      assert.ok(grownBy < MAX_GROWTH_BYTES, `${grownBy} bytes`)
      assert.equal((await node.node.get(item.key))?.text, 'a value')
      const { dropped, transportDropped } = node.node.stats().families[0]!
      const times = (attacks: readonly Attack[]): number => sum(attacks.map((each) => made.get(each)!))
      assert.equal(sum(Object.values(dropped)), times(BAD_MESSAGES), JSON.stringify(dropped))
      const { framing = 0, 'cut-short': cutShort = 0, ...others } = transportDropped
      assert.ok(framing >= times(BAD_STREAMS.slice(0, -1)), JSON.stringify(transportDropped))
      assert.equal(cutShort, times(BAD_STREAMS.slice(-1)))
      // What was reset, by whatever word the system has for it; what never was open here is not among them.
      assert.ok(sum(Object.values(others)) + framing <= times([...BAD_STREAMS, ...RESETS]))
      assert.deepEqual([node.node.stats().banned, node.node.contacts()], [0, []])
      assert.equal(node.store.records.size.records, 1)
      await kill(node)
    })
  }
})

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0)

async function usedMemory(): Promise<number> {
  for (let i = 0; i < 8; i++) {
    collect()
    await pause(10)
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
