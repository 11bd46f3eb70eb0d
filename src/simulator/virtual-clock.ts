// Virtual time: events in the order of their time, none of them waited for. The one clock of a simulated network.
// Not here: clocks of single machines that sleep (machine.ts).
import { Deadlines } from '../kademlia/deadlines.ts'
import type { Cancel, Scheduler } from '../node/ports.ts'
import { microtasksDone } from '../node/system.ts'

interface Event {
  /** null once it is cancelled. */
  run: (() => void) | null
}

export class VirtualClock implements Scheduler {
  /** One entry a timer or packet on its way; whoever makes those bounds them. */
  readonly #events = new Deadlines<Event>()
  #now: number
  #processed = 0

  /** `start`: ms since 1970. */
  constructor(start = 1_700_000_000_000) {
    this.#now = start
  }

  /** How many events have run. */
  get processed(): number {
    return this.#processed
  }

  now(): number {
    return this.#now
  }

  at(time: number, run: () => void): Cancel {
    const event: Event = { run }
    this.#events.push(Math.max(time, this.#now), event)
    return () => {
      event.run = null
    }
  }

  soon(run: () => void): void {
    this.at(this.#now, run)
  }

  /** Runs everything that is due until then; afterwards it is `time`. */
  async runUntil(time: number): Promise<void> {
    await microtasksDone()
    while (this.#events.nextAt <= time) await this.#step()
    this.#now = Math.max(this.#now, time)
  }

  runFor(ms: number): Promise<void> {
    return this.runUntil(this.#now + ms)
  }

  /**
   * Runs until the promise settles and gives what it gave. Throws when it has not settled after `withinMs` of virtual
   * time, or can not, because nothing more will happen.
   */
  async settle<T>(promise: Promise<T>, withinMs = 3_600_000): Promise<T> {
    const end = this.#now + withinMs
    let pending = true
    const mark = (): void => {
      pending = false
    }
    promise.then(mark, mark)
    await microtasksDone()
    while (pending) {
      if (this.#events.nextAt > end) throw new Error(`still pending after ${withinMs} ms of virtual time`)
      await this.#step()
    }
    return promise
  }

  async #step(): Promise<void> {
    const time = this.#events.nextAt
    const event = this.#events.popDue(time)
    const run = event?.run
    if (run === null || run === undefined) return
    this.#now = time
    this.#processed++
    run()
    await microtasksDone()
  }
}
