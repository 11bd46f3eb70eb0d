// The transport over TLS and plain TCP on real loopback sockets: the contract, and what any two sides see.
// Not here: using connections again (tls-reuse.test.ts), who wants to harm (tls-hostile.test.ts).
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { networkInterfaces } from 'node:os'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { TransportError } from '../../src/transports/transport-error.ts'
import type { TlsOptions } from '../../src/transports/tls-transport.ts'
import { transportContract, utf8 } from '../contracts/transport-contract.ts'
import { oldCertificate } from './old-certificate.ts'
import {
  certificate,
  echo,
  eventually,
  frame,
  KINDS,
  node,
  open,
  pause,
  strangeServer,
  stranger,
} from './streams.ts'

const loopbackHas6 = Object.values(networkInterfaces())
  .flat()
  .some((entry) => entry?.address === '::1')
const HOSTS = loopbackHas6 ? ['127.0.0.1', '::1'] : ['127.0.0.1']

/** The contract sends many messages to whoever never answers. */
const many = { limits: { maxOutgoingPerAddress: 32 }, unlimitedPerIp: true }

const refusal = async (options: Partial<TlsOptions>): Promise<TransportError> => {
  const error = await open('plain TCP', options).then(
    () => assert.fail('should have been refused'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof TransportError)
  return error
}

for (const kind of KINDS) {
  for (const host of HOSTS) {
    transportContract(`${kind} on ${host}`, {
      over: 'connections',
      open: () => open(kind, { ...many, host }),
      settle: async (until) => {
        if (until === undefined) await pause(30)
        else await eventually(until)
      },
    })
  }

  describe(`A transport over ${kind}`, () => {
    test('reads messages in whatever pieces they come (drogulus B1)', async () => {
      await using b = await node(kind)
      using a = await stranger(kind, b.transport.local)
      const bytes = Buffer.concat(['one', 'two', '', 'three'].map(frame))
      for (const byte of bytes) {
        a.socket.write(Uint8Array.of(byte))
        await new Promise(setImmediate)
      }
      a.send('four', 'five')
      await eventually(() => b.inbox.received.length === 6)
      assert.deepEqual(b.inbox.texts(), ['one', 'two', '', 'three', 'four', 'five'])
    })

    test('closes the connection after its answer to who expects that (drogulus B1)', async () => {
      await using b = await node(kind, {}, echo)
      using a = await stranger(kind, b.transport.local)
      a.send('!question')
      await eventually(() => a.isEnded)
      assert.deepEqual(a.texts, ['!question'])
      await eventually(() => b.transport.counters().incoming === 0)
      assert.deepEqual(b.transport.drops(), {})
    })

    test('closes it too when the answer takes its time', async () => {
      await using b = await node(kind)
      using a = await stranger(kind, b.transport.local)
      a.send('!question')
      await eventually(() => b.inbox.received.length === 1)
      assert.equal(a.isEnded, false)
      b.transport.send(utf8('answer'), b.inbox.received[0]!.replyTo)
      await eventually(() => a.isEnded)
      assert.deepEqual(a.texts, ['answer'])
    })

    test('leaves it open for who sends more', async () => {
      await using b = await node(kind, {}, echo)
      using a = await stranger(kind, b.transport.local)
      a.send('1')
      await eventually(() => a.texts.length === 1)
      a.send('2')
      await eventually(() => a.texts.length === 2)
      assert.equal(b.transport.counters().accepted, 1)
      assert.equal(a.isEnded, false)
    })

    test('answers all that came before it closes (drogulus B1)', async () => {
      await using b = await node(kind, {}, echo)
      using a = await stranger(kind, b.transport.local)
      a.send('!1', '!2', '!3')
      await eventually(() => a.isEnded)
      assert.deepEqual(a.texts, ['!1', '!2', '!3'])
    })

    test('answers who has said that it sends no more', async () => {
      await using b = await node(kind)
      using a = await stranger(kind, b.transport.local, { allowHalfOpen: true })
      a.send('question')
      a.socket.end()
      await eventually(() => b.inbox.received.length === 1)
      b.transport.send(utf8('answer'), b.inbox.received[0]!.replyTo)
      await eventually(() => a.isEnded)
      assert.deepEqual(a.texts, ['answer'])
    })

    test('counts an answer to who is gone, and to what is no connection', async () => {
      await using b = await node(kind, { limits: { idleIncomingMs: 20 } })
      using a = await stranger(kind, b.transport.local)
      a.send('question')
      await eventually(() => a.isClosed)
      b.transport.send(utf8('answer'), b.inbox.received[0]!.replyTo)
      b.transport.send(utf8('answer'), { host: '127.0.0.1', port: 1 })
      assert.equal(b.transport.drops()['gone'], 2)
    })

    test('carries a message of 100 kB in both directions', async () => {
      await using b = await node(kind, {}, echo)
      await using a = await node(kind)
      const text = 'x'.repeat(100_000)
      a.transport.dial(utf8(text), b.transport.local)
      await eventually(() => a.inbox.received.length === 1)
      assert.equal(a.inbox.texts()[0], text)
    })

    test('says that nobody listens there, but never from within the call', async () => {
      await using a = await node(kind)
      const gone = await open(kind)
      await gone.close()
      a.transport.dial(utf8('anybody?'), gone.local)
      assert.deepEqual(a.inbox.failed, [])
      await eventually(() => a.inbox.failed.length === 1)
      assert.deepEqual(a.inbox.failed, [{ to: gone.local, reason: 'ECONNREFUSED' }])
    })

    test('dials neither names nor another family nor ports that are none (drogulus B0)', async () => {
      await using a = await node(kind)
      const bad = [
        { host: 'localhost', port: 9 },
        { host: '::1', port: 9 },
        ...[0, -1, 65_536, 1.5, Number.NaN].map((port) => ({ host: '127.0.0.1', port })),
      ]
      for (const to of bad) a.transport.dial(utf8('x'), to)
      assert.deepEqual(a.inbox.failed, [])
      await eventually(() => a.inbox.failed.length === bad.length)
      assert.deepEqual(
        a.inbox.failed,
        bad.map((to) => ({ to, reason: 'bad-address' })),
      )
      assert.equal(a.transport.counters().opened, 0)
    })

    test('closes with requests under way at once, and tells nothing after it', async () => {
      await using silent = await node(kind)
      const a = await node(kind, { limits: { closeMs: 60_000, lingerMs: 60_000 } })
      for (let i = 0; i < 20; i++) a.transport.dial(utf8('question'), silent.transport.local)
      await eventually(() => silent.inbox.received.length > 0)
      await a.transport.close()
      assert.deepEqual(a.inbox.failed, [])
      const { incoming, outgoing } = a.transport.counters()
      assert.deepEqual({ incoming, outgoing }, { incoming: 0, outgoing: 0 })
    })

    test('does not wait for ever for who does not end its side', async () => {
      await using b = await node(kind, { limits: { lingerMs: 20 } }, echo)
      using a = await stranger(kind, b.transport.local, { allowHalfOpen: true })
      a.send('!question')
      await eventually(() => a.isEnded)
      await eventually(() => b.transport.counters().incoming === 0)
      assert.deepEqual(b.transport.drops(), {})
    })

    test('cuts off at close who does not end its side', async () => {
      const b = await node(kind, { limits: { closeMs: 20, lingerMs: 60_000 } })
      using a = await stranger(kind, b.transport.local, { allowHalfOpen: true })
      a.send('question')
      await eventually(() => b.inbox.received.length === 1)
      await b.transport.close()
      assert.equal(b.transport.counters().incoming, 0)
    })

    test('gives back its port', async () => {
      const first = await node(kind, {}, echo)
      const { port } = first.transport.local
      using a = await stranger(kind, first.transport.local)
      a.send('question')
      await eventually(() => a.texts.length === 1)
      await first.transport.close()
      await using second = await node(kind, { port }, echo)
      assert.equal(second.transport.local.port, port)
    })

    test('refuses who comes before start(), which is called once', async () => {
      const transport = await open(kind)
      await stranger(kind, transport.local).then(
        (early) => eventually(() => early.isClosed),
        () => {},
      )
      assert.deepEqual(transport.drops(), { 'not-started': 1 })
      await using b = await node(kind)
      transport.start(b.inbox)
      assert.throws(() => transport.start(b.inbox), /start\(\) was called twice/)
      await transport.close()
    })
  })
}

describe('A transport over TLS', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`serves clients that speak ${version} alone (drogulus B0)`, async () => {
      await using b = await node('TLS', {}, echo)
      using a = await stranger('TLS', b.transport.local, { minVersion: version, maxVersion: version })
      a.send('question')
      await eventually(() => a.texts.length === 1)
    })
  }

  test('serves clients that have no elliptic curves, as some of 2013', async () => {
    await using b = await node('TLS', {}, echo)
    using a = await stranger('TLS', b.transport.local, {
      maxVersion: 'TLSv1.2',
      ciphers: 'AES128-GCM-SHA256',
    })
    a.send('question')
    await eventually(() => a.texts.length === 1)
  })

  test('takes no notice of a certificate of the other side, on either end (drogulus B1)', async () => {
    await using b = await node('TLS', {}, echo)
    using a = await stranger('TLS', b.transport.local, { ...certificate })
    a.send('question')
    await eventually(() => a.texts.length === 1)
  })

  test('asks servers with the short keys and old signatures of 2013', async () => {
    await using a = await node('TLS')
    for (const ciphers of ['ECDHE-RSA-AES128-GCM-SHA256', 'AES128-GCM-SHA256']) {
      using server = await strangeServer(
        'TLS',
        (asked) => {
          asked.socket.on('data', () => asked.send(...asked.texts.splice(0)))
        },
        { ...oldCertificate, ciphers: `${ciphers}:@SECLEVEL=0`, maxVersion: 'TLSv1.2' },
      )
      const before = a.inbox.received.length
      a.transport.dial(utf8('question'), server.local)
      await eventually(() => a.inbox.received.length + a.inbox.failed.length > before)
      assert.deepEqual(a.inbox.failed, [], ciphers)
    }
  })

  test('does not open with a key or certificate that is none', async () => {
    for (const tls of [
      { key: 'x', cert: 'y' },
      { ...certificate, cert: oldCertificate.cert },
    ]) {
      const { code, message } = await refusal({ tls })
      assert.equal(code, 'bad-certificate')
      assert.match(message, /^tls: this key and this certificate do not work: /)
    }
  })
})

describe('A transport over connections', () => {
  test('a port that is taken: a typed error that says what to do', async () => {
    await using first = await node('plain TCP')
    const { host, port } = first.transport.local
    const { code, message } = await refusal({ host, port })
    assert.equal(code, 'address-in-use')
    assert.equal(message, `another process uses TCP port ${port} on ${host}: stop it, or choose another port`)
  })

  test('an address of somebody else: a typed error', async () => {
    assert.equal((await refusal({ host: '192.0.2.1' })).code, 'address-not-available')
  })

  test('bad addresses and ports are refused before anything is opened', async () => {
    for (const options of [
      { host: 'localhost' },
      { host: '' },
      { port: 65_536 },
      { port: -1 },
      { port: 1.5 },
    ]) {
      const { code, message } = await refusal(options)
      assert.equal(code, 'bad-address')
      assert.match(message, /^(host|port) must be .*, got /)
    }
  })

  test('on all IPv6 addresses leaves IPv4 alone', { skip: !loopbackHas6 }, async () => {
    await using six = await node('plain TCP', { host: '::' })
    await using four = await node('plain TCP', { host: '0.0.0.0', port: six.transport.local.port })
    assert.equal(four.transport.local.port, six.transport.local.port)
  })

  test('dials from the address that it is bound to', { skip: process.platform !== 'linux' }, async () => {
    await using b = await node('plain TCP', { host: '0.0.0.0' })
    await using a = await node('plain TCP', { host: '127.0.0.2' })
    a.transport.dial(utf8('question'), { host: '127.0.0.1', port: b.transport.local.port })
    await eventually(() => b.inbox.received.length === 1)
    assert.equal(b.inbox.received[0]!.from.host, '127.0.0.2')
  })

  test('lets the process end when it is closed, and only then', () => {
    const script = fileURLToPath(new URL('./tls-exit-child.ts', import.meta.url))
    const child = spawnSync(process.execPath, [script], { encoding: 'utf8', timeout: 60_000 })
    assert.equal(child.status, 0, child.stderr)
    assert.equal(child.stdout, 'open closed exit')
  })
})
