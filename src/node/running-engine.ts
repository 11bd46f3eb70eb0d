// One engine on one transport: carries packets between them, owns the one real timer, and turns the engine's callbacks
// into promises and streams. Not here: networks, stores, and the algorithm itself.
import type { Address, Contact } from '../kademlia/contact.ts'
import type { Engine } from '../kademlia/engine.ts'
import type { Id } from '../kademlia/id.ts'
import type { Effects, EngineEvent, LookupQuery, ReplyTo } from '../kademlia/ports.ts'
import type { RequestOutcome } from '../kademlia/requester.ts'
import type { Hop, LookupOutcome, WalkOptions } from '../kademlia/walk.ts'
import type { CommitBatch } from './commit-batch.ts'
import { XorbitError } from './errors.ts'
import type { Cancel, Receiver, Scheduler, Transport } from './ports.ts'
import { ResultStream } from './result-stream.ts'

/** What the engine tells that is not the runner's own business. */
export interface EngineObserver {
  checkpoint(now: number): void
  seenAs(address: Address, by: Address, now: number): void
  notice(event: EngineEvent): void
}

export interface LookupRequest<Q, R, T> extends Omit<WalkOptions, 'self'> {
  readonly query: LookupQuery<Q, R, T>
  /** Whether the local node counts as one of the closest; default false. */
  readonly self?: boolean
  readonly signal?: AbortSignal | undefined
  readonly onHop?: ((hop: Hop) => void) | undefined
}

/** A result with the contact that gave it. */
export interface Found<T> {
  readonly result: T
  readonly from: Contact
}

export class RunningEngine<Q extends { readonly method: string }, R> implements Effects, Receiver {
  readonly engine: Engine<Q, R>
  #transport: Transport
  readonly #scheduler: Scheduler
  readonly #commits: CommitBatch
  readonly #observer: EngineObserver
  #timer: Cancel | null = null
  #closed = false

  constructor(parts: {
    transport: Transport
    scheduler: Scheduler
    commits: CommitBatch
    observer: EngineObserver
    createEngine: (effects: Effects) => Engine<Q, R>
  }) {
    this.#transport = parts.transport
    this.#scheduler = parts.scheduler
    this.#commits = parts.commits
    this.#observer = parts.observer
    this.engine = parts.createEngine(this)
  }

  /** Begins to receive. */
  start(): void {
    this.#transport.start(this)
  }

  /** The address that is listened on. */
  get local(): Address {
    return this.#transport.local
  }

  /** What the transport dropped, by reason. */
  get transportDrops(): Readonly<Record<string, number>> {
    return this.#transport.drops()
  }

  /** Goes on with another socket: the address of the first one is gone from this machine. */
  async rebind(transport: Transport): Promise<void> {
    if (this.#closed) return transport.close()
    const before = this.#transport
    this.#transport = transport
    transport.start(this)
    await before.close()
  }

  /** Asks one node; how it ended is a value. Rejects only by the signal or when the node is closed. */
  async ask(
    request: { readonly query: Q; readonly to: Address; readonly expectedId: Id | null },
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<RequestOutcome<R>> {
    this.#assertOpen()
    options.signal?.throwIfAborted()
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        if (typeof handle !== 'string') handle.cancel()
        reject(options.signal?.reason as Error)
      }
      const onOutcome = (outcome: RequestOutcome<R>): void => {
        options.signal?.removeEventListener('abort', abort)
        if (outcome.kind === 'failed' && outcome.why === 'closed') reject(closedError())
        else resolve(outcome)
      }
      const handle = this.engine.ask(request, { onOutcome }, this.#scheduler.now())
      if (typeof handle === 'string') onOutcome({ kind: 'failed', why: handle })
      else options.signal?.addEventListener('abort', abort, { once: true })
    })
  }

  /** Walks to a target; results stream as they are found. Aborting, or leaving the loop, stops the traffic. */
  lookup<T>(request: LookupRequest<Q, R, T>): ResultStream<Found<T>, LookupOutcome<R>> {
    this.#assertOpen()
    const { query, signal, onHop, self = false, ...options } = request
    signal?.throwIfAborted()
    const stop = (): void => handle?.cancel(this.#scheduler.now())
    const stream = new ResultStream<Found<T>, LookupOutcome<R>>(stop)
    const giveUp = (why: unknown): void => {
      stream.fail(why)
      stop()
    }
    const abort = (): void => giveUp(signal?.reason)
    let ended = false
    const handle = this.engine.lookup(
      query,
      {
        onHop: (hop) => {
          try {
            onHop?.(hop)
          } catch (error) {
            // A fault of theirs ends their lookup, and not the work of the engine in its midst.
            this.#scheduler.soon(() => giveUp(error))
          }
        },
        onResults: (results, from) => {
          for (const result of results) stream.push({ result, from })
        },
        onEnd: (outcome) => {
          ended = true
          signal?.removeEventListener('abort', abort)
          // Who waits must not take for "not found" what was only not finished.
          if (this.#closed) stream.fail(closedError())
          else stream.end(outcome)
        },
      },
      { ...options, self, now: this.#scheduler.now() },
    )
    if (handle === null)
      stream.fail(new XorbitError('overload', 'too many lookups are under way; wait for some to end'))
    // Perhaps it was aborted from within onHop, before anybody listened.
    else if (signal?.aborted === true) abort()
    else if (!ended) signal?.addEventListener('abort', abort, { once: true })
    return stream
  }

  /** Refreshes the buckets that are due, or all; resolves when every lookup has ended. */
  async refresh(force: boolean): Promise<void> {
    this.#assertOpen()
    return new Promise((resolve) => this.engine.refresh(force, resolve, this.#scheduler.now()))
  }

  async close(): Promise<void> {
    if (this.#closed) return this.#transport.close()
    this.#closed = true
    this.#timer?.()
    this.engine.close(this.#scheduler.now())
    await this.#transport.close()
  }

  receive(bytes: Uint8Array, from: Address, replyTo: ReplyTo): void {
    if (!this.#closed) this.engine.receive(bytes, from, replyTo, this.#scheduler.now())
  }

  unreachable(to: Address, reason: string): void {
    if (this.#closed) return
    this.engine.unreachable(to, reason === 'overload' ? reason : 'unreachable', this.#scheduler.now())
  }

  send(bytes: Uint8Array, to: ReplyTo): void {
    this.#transport.send(bytes, to)
  }

  dial(bytes: Uint8Array, to: Address): void {
    this.#transport.dial(bytes, to)
  }

  sendAfterCommit(bytes: Uint8Array, to: ReplyTo): void {
    const copy = bytes.slice()
    this.#commits.afterCommit(() => {
      if (!this.#closed) this.#transport.send(copy, to)
    })
  }

  wakeAt(time: number): void {
    this.#timer?.()
    if (this.#closed) return
    this.#timer = this.#scheduler.at(time, () => {
      if (!this.#closed) this.engine.tick(this.#scheduler.now())
    })
  }

  checkpoint(now: number): void {
    this.#observer.checkpoint(now)
  }

  seenAs(address: Address, by: Address, now: number): void {
    this.#observer.seenAs(address, by, now)
  }

  notice(event: EngineEvent): void {
    this.#observer.notice(event)
  }

  #assertOpen(): void {
    if (this.#closed) throw closedError()
  }
}

function closedError(): XorbitError {
  return new XorbitError('closed', 'the node is closed')
}
