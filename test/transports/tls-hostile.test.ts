// The transport against who wants to hold its connections, its memory or its time: on real loopback sockets, with time
// limits of some milliseconds.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { utf8 } from '../contracts/transport-contract.ts'
import {
  bareStranger,
  echo,
  eventually,
  frame,
  KINDS,
  node,
  pause,
  strangeServer,
  stranger,
  type Stranger,
} from './streams.ts'

/** One byte after the other, for as long as somebody takes them. */
async function drip({ socket }: Stranger, bytes: Uint8Array): Promise<void> {
  for (let i = 0; !socket.destroyed && !socket.writableEnded; i++) {
    socket.write(Uint8Array.of(bytes[i % bytes.length]!))
    await pause(5)
  }
}

/** Rejects when it is closed: connecting may succeed before, or not. */
async function untilClosed(found: Stranger): Promise<never> {
  await eventually(() => found.isClosed)
  throw new Error('closed')
}

const LONG = frame('x'.repeat(100_000))

for (const kind of KINDS) {
  describe(`A transport over ${kind}, attacked`, () => {
    test('cuts off who sends a message byte by byte (drogulus B1)', async () => {
      await using b = await node(kind, { limits: { slowMessageMs: 50 } })
      using a = await stranger(kind, b.transport.local)
      await drip(a, LONG)
      await eventually(() => b.transport.counters().incoming === 0)
      assert.deepEqual(b.transport.drops(), { slow: 1 })
    })

    test('cuts off who begins the next message and leaves it at that', async () => {
      await using b = await node(kind, { limits: { slowMessageMs: 30 } }, echo)
      using a = await stranger(kind, b.transport.local)
      a.socket.write(Buffer.concat([frame('whole'), frame('part').subarray(0, 6)]))
      await eventually(() => a.isClosed)
      assert.deepEqual(a.texts, ['whole'])
      assert.deepEqual(b.transport.drops(), { slow: 1 })
    })

    test('cuts off who answers byte by byte', async () => {
      using server = await strangeServer(kind, (asked) => {
        asked.socket.once('data', () => void drip(asked, LONG))
      })
      await using a = await node(kind, { limits: { slowMessageMs: 50 } })
      a.transport.dial(utf8('question'), server.local)
      await eventually(() => a.inbox.failed.length === 1)
      assert.deepEqual(a.inbox.failed, [{ to: server.local, reason: 'slow' }])
    })

    test('cuts off who is silent', async () => {
      await using b = await node(kind, { limits: { idleIncomingMs: 30 } })
      using a = await stranger(kind, b.transport.local)
      await eventually(() => a.isClosed)
      assert.deepEqual(b.transport.drops(), { idle: 1 })
    })

    test('cuts off who breaks the framing, asked or asking', async () => {
      await using b = await node(kind)
      using a = await stranger(kind, b.transport.local)
      a.socket.write(Buffer.alloc(4, 255))
      await eventually(() => a.isClosed)
      assert.deepEqual(b.transport.drops(), { framing: 1 })
      assert.equal(a.bytesIn, 0)

      using server = await strangeServer(kind, (asked) => void asked.socket.write(Buffer.alloc(4, 255)))
      b.transport.dial(utf8('question'), server.local)
      await eventually(() => b.inbox.failed.length === 1)
      assert.deepEqual(b.inbox.failed, [{ to: server.local, reason: 'framing' }])
    })

    test('counts who ends within a message, and answers what came whole before it', async () => {
      await using b = await node(kind, {}, echo)
      using a = await stranger(kind, b.transport.local, { allowHalfOpen: true })
      a.socket.end(Buffer.concat([frame('whole'), frame('part').subarray(0, 6)]))
      await eventually(() => a.isEnded)
      assert.deepEqual(a.texts, ['whole'])
      assert.deepEqual(b.transport.drops(), { 'cut-short': 1 })
    })

    test('keeps the connection of who has gone for no longer than an answer may take', async () => {
      await using b = await node(kind, { limits: { lingerMs: 30 } })
      using a = await stranger(kind, b.transport.local)
      a.send('what nobody answers')
      await eventually(() => b.inbox.received.length === 1)
      a.socket.destroy()
      await eventually(() => b.transport.counters().incoming === 0)
    })

    test('reads no more from who does not read, and cuts it off', async () => {
      const answer = 'x'.repeat(90_000)
      let answered = 0
      await using b = await node(kind, { limits: { slowMessageMs: 100 } }, () => {
        answered++
        return answer
      })
      using a = await stranger(kind, b.transport.local)
      a.socket.pause()
      // 90 MB of answers, were they all to be written.
      for (let i = 0; i < 1_000; i++) a.send('question')
      await eventually(() => b.transport.counters().incoming === 0)
      assert.deepEqual(b.transport.drops(), { 'write-overflow': 1 })
      assert.ok(answered < 500, `${answered} answers`)
    })

    test('answers who asks much at once and reads, though all of it is more than may be queued', async () => {
      const answer = 'x'.repeat(90_000)
      await using b = await node(kind, {}, () => answer)
      using a = await stranger(kind, b.transport.local)
      a.send(...Array.from({ length: 100 }, () => 'question'))
      await eventually(() => a.texts.length === 100)
      assert.deepEqual(b.transport.drops(), {})
    })

    test('cuts off who does not read answers that come of themselves', async () => {
      await using b = await node(kind)
      using a = await stranger(kind, b.transport.local)
      a.socket.pause()
      a.send('question')
      await eventually(() => b.inbox.received.length === 1)
      const { replyTo } = b.inbox.received[0]!
      for (let i = 0; i < 1_000 && b.transport.counters().incoming > 0; i++) {
        b.transport.send(new Uint8Array(90_000), replyTo)
        await new Promise(setImmediate)
      }
      assert.equal(b.transport.drops()['write-overflow'], 1)
    })

    test('refuses, when one source has many connections, its next one and nobody else’s', async () => {
      await using b = await node(kind, { limits: { maxIncomingPerSource: 2 } }, echo)
      using one = await stranger(kind, b.transport.local)
      using two = await stranger(kind, b.transport.local)
      await assert.rejects(stranger(kind, b.transport.local).then((three) => untilClosed(three)))
      assert.deepEqual(b.transport.drops(), { 'connections-per-source': 1 })
      one.send('still here')
      await eventually(() => one.texts.length === 1)
      two.socket.destroy()
      await eventually(() => b.transport.counters().incoming === 1)
      using four = await stranger(kind, b.transport.local)
      four.send('in its place')
      await eventually(() => four.texts.length === 1)
    })

    test('counts sources as it is told, or not at all in a private network', async () => {
      const limits = { maxIncomingPerSource: 2 }
      const hosts: string[] = []
      const sourceOf = (host: string): string => `${host} ${hosts.push(host)}`
      for (const options of [{ sourceOf }, { unlimitedPerIp: true }]) {
        await using b = await node(kind, { limits, ...options }, echo)
        const all = await Promise.all([1, 2, 3, 4].map(() => stranger(kind, b.transport.local)))
        for (const each of all) each.send('here')
        await eventually(() => all.every(({ texts }) => texts.length === 1))
        for (const each of all) each.socket.destroy()
      }
      assert.deepEqual(
        hosts,
        Array.from({ length: 4 }, () => '127.0.0.1'),
      )
    })

    test('gives, when it is full, the place of who was silent for longest to a newcomer', async () => {
      await using b = await node(kind, { limits: { maxIncoming: 3 } }, echo)
      using one = await stranger(kind, b.transport.local)
      using two = await stranger(kind, b.transport.local)
      using three = await stranger(kind, b.transport.local)
      one.send('I am here')
      await eventually(() => one.texts.length === 1)
      using four = await stranger(kind, b.transport.local)
      await eventually(() => two.isClosed)
      for (const each of [one, three, four]) each.send('we are here')
      await eventually(() => four.texts.length === 1 && three.texts.length === 1 && one.texts.length === 2)
      assert.deepEqual(b.transport.drops(), { 'connections-full': 1 })
    })

    test('outlives whoever resets connections, at any moment', async () => {
      await using b = await node(kind, { unlimitedPerIp: true }, echo)
      for (let i = 0; i < 60; i++) {
        const a = await bareStranger(b.transport.local)
        if (i % 3 === 1) a.socket.write(LONG.subarray(0, 50))
        if (i % 3 === 2) a.send('question')
        if (i % 2 === 0) await new Promise(setImmediate)
        a.socket.resetAndDestroy()
      }
      await eventually(() => b.transport.counters().incoming === 0)
      using last = await stranger(kind, b.transport.local)
      last.send('alive?')
      await eventually(() => last.texts.length === 1)
    })
  })
}

/** The first bytes of a ClientHello that promises 512 of them. */
const HALF_HELLO = Buffer.from('1603010200010001fc0303', 'hex')

const NO_TLS: readonly (readonly [what: string, bytes: Uint8Array])[] = [
  ['a message without TLS', frame('question')],
  ['HTTP', utf8('GET / HTTP/1.1\r\n\r\n')],
  ['garbage', Buffer.alloc(2_000, 0xa5)],
  ['nothing but zeros', Buffer.alloc(20_000)],
  ['an alert', Buffer.from('15030300020228', 'hex')],
]

describe('A transport over TLS, attacked', () => {
  for (const [what, bytes] of NO_TLS) {
    test(`cuts off who sends ${what} in place of a handshake`, async () => {
      await using b = await node('TLS')
      using a = await bareStranger(b.transport.local)
      a.socket.write(bytes)
      await eventually(() => a.isClosed)
      assert.deepEqual(b.transport.drops(), { handshake: 1 })
      assert.deepEqual(b.inbox.received, [])
    })
  }

  test('cuts off whose handshake never ends, also byte by byte', async () => {
    await using b = await node('TLS', { limits: { handshakeTimeoutMs: 50 } })
    using silent = await bareStranger(b.transport.local)
    using half = await bareStranger(b.transport.local)
    half.socket.write(HALF_HELLO)
    using dripping = await bareStranger(b.transport.local)
    await drip(dripping, HALF_HELLO.subarray(0, 5))
    await eventually(() => silent.isClosed && half.isClosed && dripping.isClosed)
    assert.deepEqual(b.transport.drops(), { handshake: 3 })
  })

  test('cuts off who ends its side within the handshake', async () => {
    await using b = await node('TLS')
    using a = await bareStranger(b.transport.local)
    a.socket.end(HALF_HELLO)
    await eventually(() => a.isClosed)
    await eventually(() => b.transport.counters().incoming === 0)
    assert.deepEqual(b.transport.drops(), { handshake: 1 })
  })

  test('refuses TLS 1.1', async () => {
    await using b = await node('TLS')
    const options = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const
    await assert.rejects(stranger('TLS', b.transport.local, options))
    await eventually(() => b.transport.drops()['handshake'] === 1)
  })

  test('gives up a handshake that the other side never ends, or is none', async () => {
    using silent = await strangeServer('plain TCP', () => {})
    using other = await strangeServer('plain TCP', (asked) => void asked.socket.write('SSH-2.0-x\r\n'))
    await using a = await node('TLS', { limits: { connectTimeoutMs: 50 } })
    a.transport.dial(utf8('question'), silent.local)
    await eventually(() => a.inbox.failed.length === 1)
    a.transport.dial(utf8('question'), other.local)
    await eventually(() => a.inbox.failed.length === 2)
    const [first, second] = a.inbox.failed
    assert.equal(first!.reason, 'connect-timeout')
    // As the system and the version of OpenSSL have it.
    assert.match(second!.reason, /^(EPROTO|ERR_SSL_.*)$/)
  })
})

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

describe('The memory of a transport', () => {
  for (const kind of KINDS) {
    test(`over ${kind} does not grow with hostile connections`, async () => {
      await using b = await node(kind, {}, echo)
      const used = async (): Promise<number> => {
        await eventually(() => b.transport.counters().incoming === 0)
        b.inbox.received.length = 0
        for (let i = 0; i < 3; i++) {
          collect()
          await pause(0)
        }
        const { heapUsed, external, arrayBuffers } = process.memoryUsage()
        return heapUsed + external + arrayBuffers
      }
      const attack = (count: number): Promise<void> => hostileConnections(b.transport.local.port, count)
      await attack(1_000)
      const before = await used()
      await attack(9_000)
      const grownBy = (await used()) - before
      // A kilobyte for each would be 9 MB.
      assert.ok(grownBy < 2_000_000, `${grownBy} bytes`)
    })
  }
})

/** Connections that send one kind of rubbish after another, eight at a time. */
async function hostileConnections(port: number, count: number): Promise<void> {
  const rubbish = [HALF_HELLO, ...NO_TLS.map(([, bytes]) => bytes), Buffer.alloc(4, 255), LONG.subarray(0, 9)]
  let begun = 0
  const one = async (): Promise<void> => {
    while (begun < count) {
      const bytes = rubbish[begun++ % rubbish.length]!
      await new Promise<void>((resolve) => {
        const socket = connect({ host: '127.0.0.1', port })
        socket.on('error', () => {})
        socket.on('close', () => resolve())
        socket.on('connect', () => {
          socket.write(bytes)
          setImmediate(() => socket.resetAndDestroy())
        })
      })
    }
  }
  await Promise.all(Array.from({ length: 8 }, one))
}
