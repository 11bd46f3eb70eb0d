// The way between one asker and everybody else: delays, with the slow ones that every network has, and loss. It stands
// between the asker and the virtual network, so that what one asker meets depends on no other.
import type { Address } from '../../src/kademlia/contact.ts'
import type { ReplyTo } from '../../src/kademlia/ports.ts'
import type { Receiver, Scheduler, Transport } from '../../src/node/ports.ts'
import { SeededRandom } from '../../src/simulator/seeded-random.ts'

/** Round-trip times to nodes are log-normal: median 120 ms, 90th percentile 265 ms, 99th percentile 530 ms. */
const LEAST_MS = 20
const MEDIAN_MS = 100
const SIGMA = 0.7
/** Busy nodes are slower by so much more. */
const BUSY_MS: readonly [least: number, most: number] = [500, 2_500]
/** Each datagram is late by up to so much more. */
const JITTER_MS = 10

/** Without jitter; the same for all who ask that node. `busyShare`: 0 … 1. */
export function roundTripMs(host: string, busyShare: number): number {
  const random = new SeededRandom(1, host)
  const radius = Math.sqrt(-2 * Math.log(1 - random.fraction()))
  const normal = radius * Math.cos(2 * Math.PI * random.fraction())
  const [least, most] = BUSY_MS
  const extra = random.fraction() < busyShare ? least + random.fraction() * (most - least) : 0
  return LEAST_MS + MEDIAN_MS * Math.exp(SIGMA * normal) + extra
}

export class Path implements Transport {
  /** Share of datagrams that is lost, in each direction: 0 … 1. */
  loss = 0
  /** Hears of every datagram that goes out, before it may be lost. */
  onSent: (bytes: Uint8Array, to: Address) => void = () => {}
  readonly #inner: Transport
  readonly #scheduler: Scheduler
  readonly #random: SeededRandom
  readonly #busyShare: number

  constructor(inner: Transport, parts: { scheduler: Scheduler; random: SeededRandom; busyShare: number }) {
    this.#inner = inner
    this.#scheduler = parts.scheduler
    this.#random = parts.random
    this.#busyShare = parts.busyShare
  }

  get local(): Address {
    return this.#inner.local
  }

  start(receiver: Receiver): void {
    this.#inner.start({
      receive: (bytes, from, replyTo) => this.#carry(from, () => receiver.receive(bytes, from, replyTo)),
      unreachable: (to, reason) => receiver.unreachable(to, reason),
    })
  }

  send(bytes: Uint8Array, to: ReplyTo): void {
    this.dial(bytes, to as Address)
  }

  dial(bytes: Uint8Array, to: Address): void {
    const copy = bytes.slice()
    this.onSent(copy, to)
    this.#carry(to, () => this.#inner.dial(copy, to))
  }

  drops(): Readonly<Record<string, number>> {
    return this.#inner.drops()
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  #carry({ host }: Address, deliver: () => void): void {
    if (this.#random.fraction() < this.loss) return
    const delayMs = roundTripMs(host, this.#busyShare) / 2 + this.#random.fraction() * JITTER_MS
    this.#scheduler.at(this.#scheduler.now() + delayMs, deliver)
  }
}
