// Time for tests of running nodes: a scheduler whose clock goes from timer to timer, and lets promises settle between.
import { Deadlines } from '../../src/kademlia/deadlines.ts'
import type { Cancel, Scheduler } from '../../src/node/ports.ts'

interface Timer {
  readonly time: number
  run: (() => void) | null
}

export class VirtualTime implements Scheduler {
  #now = 1_700_000_000_000
  readonly #timers = new Deadlines<Timer>()

  now(): number {
    return this.#now
  }

  at(time: number, run: () => void): Cancel {
    const timer: Timer = { time, run }
    this.#timers.push(Math.max(time, this.#now), timer)
    return () => {
      timer.run = null
    }
  }

  soon(run: () => void): void {
    this.at(this.#now, run)
  }

  /** Timers that are still to run. */
  get pending(): number {
    this.#timers.retain(({ run }) => run !== null)
    return this.#timers.size
  }

  async runUntil(time: number): Promise<void> {
    await settled()
    while (this.#timers.nextAt <= time) {
      const at = this.#timers.nextAt
      const timer = this.#timers.popDue(at)
      this.#now = Math.max(this.#now, at)
      timer?.run?.()
      await settled()
    }
    this.#now = Math.max(this.#now, time)
  }

  runFor(ms: number): Promise<void> {
    return this.runUntil(this.#now + ms)
  }
}

/** All promises that can settle by themselves have. A macrotask comes after every microtask, however long the chain. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
