// What every transport keeps, of datagrams or over connections, real or simulated, as a suite to be called with a way to
// open one. Not here: what only sockets have (errors at opening, queues, counters).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Address } from '../../src/kademlia/contact.ts'
import type { Receiver, Transport } from '../../src/node/ports.ts'

export interface TransportContractOptions {
  /** A new transport on an address of its own. */
  readonly open: () => Promise<Transport>
  /**
   * Over connections an answer goes only to where a message came from, by the way it came, and who dials is known by its
   * IP alone. Default: datagrams.
   */
  readonly over?: 'datagrams' | 'connections'
  /**
   * Lets what is under way arrive: until that holds, or where nothing is to come, for a moment. A real transport waits, a
   * simulated one runs its clock.
   */
  readonly settle: (until?: () => boolean) => Promise<void>
}

/** A receiver that keeps what it is given. */
export class Inbox implements Receiver {
  readonly received: { bytes: Uint8Array; from: Address; replyTo: unknown }[] = []
  readonly failed: { to: Address; reason: string }[] = []

  receive(bytes: Uint8Array, from: Address, replyTo: unknown): void {
    this.received.push({ bytes, from, replyTo })
  }

  unreachable(to: Address, reason: string): void {
    this.failed.push({ to, reason })
  }

  /** What came, as text, in order. */
  texts(): string[] {
    return this.received.map(({ bytes }) => new TextDecoder().decode(bytes))
  }
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Runs the contract. */
export function transportContract(
  name: string,
  { open, settle, over = 'datagrams' }: TransportContractOptions,
): void {
  /** Opens `count` started transports, runs `use`, closes them whatever happens. */
  const using = async (
    count: number,
    use: (nodes: { transport: Transport; inbox: Inbox }[]) => Promise<void>,
  ): Promise<void> => {
    const nodes: { transport: Transport; inbox: Inbox }[] = []
    try {
      for (let index = 0; index < count; index++) {
        const transport = await open()
        const inbox = new Inbox()
        transport.start(inbox)
        nodes.push({ transport, inbox })
      }
      await use(nodes)
    } finally {
      await Promise.all(nodes.map(({ transport }) => transport.close()))
    }
  }

  describe(`transport contract: ${name}`, () => {
    test('has an address of its own', () =>
      using(2, async ([a, b]) => {
        assert.ok(a!.transport.local.port > 0)
        assert.notDeepEqual(a!.transport.local, b!.transport.local)
      }))

    test('delivers what is dialled, and says from where', () =>
      using(2, async ([a, b]) => {
        a!.transport.dial(utf8('hello'), b!.transport.local)
        await settle(() => b!.inbox.received.length > 0)
        assert.deepEqual(b!.inbox.texts(), ['hello'])
        const { from } = b!.inbox.received[0]!
        if (over === 'datagrams') assert.deepEqual(from, a!.transport.local)
        else assert.equal(from.host, a!.transport.local.host)
        assert.deepEqual(a!.inbox.received, [])
      }))

    test('an answer goes to where the question came from', () =>
      using(3, async ([a, b, c]) => {
        a!.transport.dial(utf8('question'), b!.transport.local)
        await settle(() => b!.inbox.received.length > 0)
        b!.transport.send(utf8('answer'), b!.inbox.received[0]!.replyTo)
        await settle(() => a!.inbox.received.length > 0)
        assert.deepEqual(a!.inbox.texts(), ['answer'])
        assert.deepEqual(a!.inbox.received[0]!.from, b!.transport.local)
        assert.deepEqual(c!.inbox.received, [])
      }))

    test('bytes may be reused after the call that sends them', () =>
      using(2, async ([a, b]) => {
        const bytes = utf8('0')
        for (let digit = 0; digit < 10; digit++) {
          bytes[0] = 48 + digit
          if (over === 'connections' || digit % 2 === 0) a!.transport.dial(bytes, b!.transport.local)
          else a!.transport.send(bytes, b!.transport.local)
        }
        bytes[0] = 120
        await settle(() => b!.inbox.received.length === 10)
        assert.deepEqual(b!.inbox.texts().toSorted(), '0123456789'.split(''))
      }))

    test('received bytes are the receiver’s to keep', () =>
      using(2, async ([a, b]) => {
        a!.transport.dial(utf8('first'), b!.transport.local)
        await settle(() => b!.inbox.received.length === 1)
        a!.transport.dial(utf8('other'), b!.transport.local)
        await settle(() => b!.inbox.received.length === 2)
        assert.deepEqual(b!.inbox.texts(), ['first', 'other'])
      }))

    test('carries packets of 1,400 bytes and of none', () =>
      using(2, async ([a, b]) => {
        a!.transport.dial(new Uint8Array(1400).fill(1), b!.transport.local)
        a!.transport.dial(new Uint8Array(0), b!.transport.local)
        await settle(() => b!.inbox.received.length === 2)
        const lengths = b!.inbox.received.map(({ bytes }) => bytes.length).toSorted((x, y) => x - y)
        assert.ok(lengths.includes(1400))
        assert.ok(b!.inbox.received.every(({ bytes }) => bytes.every((byte) => byte === 1)))
      }))

    test('sending to nobody throws nothing', () =>
      using(2, async ([a, b]) => {
        await b!.transport.close()
        a!.transport.dial(utf8('anybody?'), b!.transport.local)
        a!.transport.send(utf8('anybody?'), b!.transport.local)
        await settle()
        assert.deepEqual(a!.inbox.received, [])
      }))

    test('close() may be called twice, and sending after it throws nothing', () =>
      using(2, async ([a, b]) => {
        await Promise.all([a!.transport.close(), a!.transport.close()])
        await a!.transport.close()
        a!.transport.dial(utf8('late'), b!.transport.local)
        a!.transport.send(utf8('late'), b!.transport.local)
        await settle()
        assert.deepEqual(b!.inbox.received, [])
      }))

    test('close() loses nothing that was sent before it', () =>
      using(2, async ([a, b]) => {
        for (let index = 0; index < 20; index++) a!.transport.dial(utf8('x'), b!.transport.local)
        await a!.transport.close()
        await settle(() => b!.inbox.received.length === 20)
        assert.equal(b!.inbox.received.length, 20)
      }))

    test('receives nothing after close()', () =>
      using(2, async ([a, b]) => {
        a!.transport.dial(utf8('late'), b!.transport.local)
        await b!.transport.close()
        const before = b!.inbox.received.length
        await settle()
        assert.equal(b!.inbox.received.length, before)
      }))
  })
}
