// One simulated computer: it can be suspended, as a laptop is, and wakes with a clock that has moved on.
// While it sleeps its timers wait, and what is sent to it is lost. Its clock may be wrong.
import type { Cancel, Scheduler } from '../node/ports.ts'

export class Machine implements Scheduler {
  readonly #clock: Scheduler
  readonly #aheadMs: number
  /** What became due while asleep, in order. As many as there are timers. */
  #overdue: (() => void)[] = []
  #asleep = false

  /** `aheadMs`: by how much its clock is wrong. */
  constructor(clock: Scheduler, aheadMs = 0) {
    this.#clock = clock
    this.#aheadMs = aheadMs
  }

  get asleep(): boolean {
    return this.#asleep
  }

  now(): number {
    return this.#clock.now() + this.#aheadMs
  }

  at(time: number, run: () => void): Cancel {
    let cancelled = false
    const due = (): void => {
      if (cancelled) return
      if (this.#asleep) this.#overdue.push(due)
      else run()
    }
    const cancel = this.#clock.at(time - this.#aheadMs, due)
    return () => {
      cancelled = true
      cancel()
    }
  }

  soon(run: () => void): void {
    this.at(this.now(), run)
  }

  suspend(): void {
    this.#asleep = true
  }

  /** Wakes up: what became due meanwhile runs now, each in a turn of its own. */
  resume(): void {
    this.#asleep = false
    for (const due of this.#overdue.splice(0)) this.#clock.soon(due)
  }
}
