// The UDP transport on real loopback sockets, IPv4 and IPv6: the contract, and what only sockets have.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { TransportError } from '../../src/transports/transport-error.ts'
import { openUdpTransport } from '../../src/transports/udp-transport.ts'
import type { UdpTransport } from '../../src/transports/udp-transport.ts'
import { Inbox, transportContract, utf8 } from '../contracts/transport-contract.ts'

const HOSTS = { 4: '127.0.0.1', 6: '::1' } as const
const loopbackHas6 = Object.values(networkInterfaces())
  .flat()
  .some((entry) => entry?.address === '::1')
/** What IPv4 leaves of 65,535 bytes; macOS sends no more than this by default. */
const LARGEST_BYTES = process.platform === 'darwin' ? 9_216 : 65_507

const families = loopbackHas6 ? ([4, 6] as const) : ([4] as const)

const open = (family: 4 | 6, port = 0): Promise<UdpTransport> =>
  openUdpTransport({ host: HOSTS[family], port, family })

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until `condition` holds, for at most two seconds. */
async function eventually(condition: () => boolean): Promise<void> {
  for (let round = 0; round < 400 && !condition(); round++) await pause(5)
  assert.ok(condition())
}

const failure = async (promise: Promise<unknown>): Promise<TransportError> => {
  const error = await promise.then(
    () => assert.fail('should have been refused'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof TransportError)
  return error
}

for (const family of families) {
  transportContract(`UDP over IPv${family}`, { open: () => open(family), settle: () => pause(30) })

  describe(`UDP over IPv${family}`, () => {
    test('a port that is taken: a typed error that says what to do', async () => {
      await using first = disposable(await open(family))
      const { host, port } = first.transport.local
      const error = await failure(open(family, port))
      assert.equal(error.code, 'address-in-use')
      assert.equal(
        error.message,
        `another process uses UDP port ${port} on ${host}: stop it, or choose another port`,
      )
    })

    test('counts packets and bytes', async () => {
      await using a = disposable(await open(family))
      await using b = disposable(await open(family))
      a.transport.dial(utf8('12345'), b.transport.local)
      await eventually(() => b.inbox.received.length === 1)
      b.transport.send(utf8('123'), b.inbox.received[0]!.replyTo)
      await eventually(() => a.inbox.received.length === 1)
      const expected = { packetsIn: 1, bytesIn: 3, packetsOut: 1, bytesOut: 5, dropped: {} }
      assert.deepEqual(a.transport.counters(), expected)
    })

    test('port 0 and other ports that are none are counted, not sent', async () => {
      await using a = disposable(await open(family))
      for (const port of [0, -1, 65536, 1.5, Number.NaN]) {
        a.transport.dial(utf8('x'), { host: HOSTS[family], port })
      }
      assert.deepEqual(a.transport.counters().dropped, { 'bad-port': 5 })
      assert.equal(a.transport.counters().packetsOut, 0)
    })

    test('a host that is no address of the family is unreachable', async () => {
      await using a = disposable(await open(family))
      const to = { host: family === 4 ? '::1' : '127.0.0.1', port: 9 }
      a.transport.dial(utf8('x'), to)
      assert.deepEqual(a.inbox.failed, [], 'never from within the call')
      await eventually(() => a.inbox.failed.length === 1)
      assert.deepEqual(a.inbox.failed[0], { to, reason: 'EINVAL' })
    })

    test('receives every size up to the largest that UDP has, as it was sent (K-15)', async () => {
      await using a = disposable(await open(family))
      await using b = disposable(await open(family))
      for (const size of [1_024, 1_025, 1_500, 2_048, LARGEST_BYTES]) {
        const bytes = Uint8Array.from({ length: size }, (_, i) => i)
        const before = b.inbox.received.length
        a.transport.dial(bytes, b.transport.local)
        await eventually(() => b.inbox.received.length > before)
        assert.ok(Buffer.from(bytes).equals(b.inbox.received.at(-1)!.bytes), `${size} bytes`)
      }
    })

    test('a packet that is too large is counted and blames nobody', async () => {
      await using a = disposable(await open(family))
      a.transport.dial(new Uint8Array(70_000), { host: HOSTS[family], port: 9 })
      await eventually(() => a.transport.counters().dropped['EMSGSIZE'] === 1)
      assert.deepEqual(a.inbox.failed, [])
    })

    test('a burst of 2,000 packets arrives', async () => {
      await using a = disposable(await open(family))
      await using b = disposable(await open(family))
      for (let index = 0; index < 2000; index++) {
        a.transport.dial(utf8('x'), b.transport.local)
        if (index % 100 === 99) await pause(0)
      }
      await eventually(() => b.inbox.received.length === 2000)
    })
  })
}

describe('UDP', () => {
  test('an address that the system refuses to send to is unreachable', async () => {
    // Broadcast is refused before anything leaves the machine, on every system.
    await using a = disposable(await open(4))
    const to = { host: '255.255.255.255', port: 6881 }
    a.transport.send(utf8('x'), to)
    a.transport.dial(utf8('x'), to)
    await eventually(() => a.inbox.failed.length > 0)
    assert.deepEqual(a.inbox.failed, [{ to, reason: 'EACCES' }])
    assert.deepEqual(a.transport.counters().dropped, { EACCES: 1 })
  })

  test('an address with a scope is passed on with it', { skip: !loopbackHas6 }, async () => {
    await using a = disposable(await open(6))
    await using b = disposable(await open(6))
    a.transport.dial(utf8('scoped'), { host: '::1%lo', port: b.transport.local.port })
    await eventually(() => b.inbox.received.length + a.inbox.failed.length === 1)
    for (const { to } of a.inbox.failed) assert.equal(to.host, '::1%lo')
  })

  test('an IPv6 socket on all addresses leaves IPv4 alone', { skip: !loopbackHas6 }, async () => {
    const six = await openUdpTransport({ host: '::', port: 0, family: 6 })
    await using all6 = disposable(six)
    const four = await openUdpTransport({ host: '0.0.0.0', port: six.local.port, family: 4 })
    await using all4 = disposable(four)
    assert.equal(all4.transport.local.port, all6.transport.local.port)
  })

  test('bad addresses and ports are refused before anything is opened', async () => {
    const cases = [
      { host: 'localhost', port: 0, family: 4 },
      { host: '::1', port: 0, family: 4 },
      { host: '127.0.0.1', port: 0, family: 6 },
      { host: '', port: 0, family: 4 },
      { host: '127.0.0.1', port: 65536, family: 4 },
      { host: '127.0.0.1', port: -1, family: 4 },
      { host: '127.0.0.1', port: 1.5, family: 4 },
    ] as const
    for (const options of cases) {
      const error = await failure(openUdpTransport(options))
      assert.equal(error.code, 'bad-address')
      assert.match(error.message, /^(host|port) must be .*, got /)
    }
  })

  test('an address of somebody else: a typed error', async () => {
    const error = await failure(openUdpTransport({ host: '192.0.2.1', port: 0, family: 4 }))
    assert.equal(error.code, 'address-not-available')
    assert.match(error.message, /^192\.0\.2\.1 is no address of this machine: choose a host of its own/)
  })

  test('a receive buffer that the system refuses does not matter', async () => {
    const options = { host: '127.0.0.1', port: 0, family: 4, receiveBufferBytes: 2 ** 31 } as const
    await using a = disposable(await openUdpTransport(options))
    assert.ok(a.transport.local.port > 0)
  })

  test('what comes before start() does no harm, and start() is called once', async () => {
    const transport = await open(4)
    const sender = createSocket('udp4')
    sender.send('early', transport.local.port, '127.0.0.1')
    await pause(20)
    transport.start(new Inbox())
    assert.throws(() => transport.start(new Inbox()), /start\(\) was called twice/)
    sender.close()
    await transport.close()
  })

  test('what the system does not take at once is queued whole, bounded, and sent before close()', () => {
    // --test-udp-no-try-send makes dgram queue every packet, as a full socket buffer does.
    const script = fileURLToPath(new URL('./udp-queue-child.ts', import.meta.url))
    const options = { encoding: 'utf8', timeout: 20_000 } as const
    const child = spawnSync(process.execPath, ['--test-udp-no-try-send', script], options)
    assert.equal(child.status, 0, child.stderr)
    assert.deepEqual(JSON.parse(child.stdout), { intact: 50, droppedWhenFull: true, boundHeld: true })
  })
})

/** The transport, started with an inbox, to be closed at the end of the block. */
function disposable(transport: UdpTransport): {
  transport: UdpTransport
  inbox: Inbox
  [Symbol.asyncDispose]: () => Promise<void>
} {
  const inbox = new Inbox()
  transport.start(inbox)
  return { transport, inbox, [Symbol.asyncDispose]: () => transport.close() }
}
