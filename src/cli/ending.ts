// What ends a command before it is done: its time limit, Ctrl-C and its kin, or nobody reading what it prints.
// All three abort one signal; its reason says which it was.
import { shownDuration } from './duration.ts'
import { exitNow } from './exit.ts'
import { Failure, FOUND, Stopped } from './failure.ts'
import type { Output } from './output.ts'

/** Signals that ask a process to end, and the exit code that a shell expects of who obeys: 128 and the number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/** One Ctrl-C may come twice: a terminal sends it to npm and to us, and npm sends it on. */
const ECHO_MS = 500

export class Ending {
  private readonly controller = new AbortController()
  private readonly timer: NodeJS.Timeout | undefined
  private readonly unlisten: () => void
  private askedAt: number | null = null
  private late: Late = () => null

  /** `timeoutMs` null: no time limit. */
  constructor(output: Output, timeoutMs: number | null) {
    if (timeoutMs !== null) {
      this.timer = setTimeout(() => this.end(timedOut(timeoutMs, this.late)), timeoutMs)
    }
    const listeners = Object.entries(SIGNALS).map(([name, code]) => {
      const listener = (): void => this.asked(code)
      process.on(name, listener)
      return () => process.off(name, listener)
    })
    this.unlisten = () => {
      for (const off of listeners) off()
    }
    output.onReaderGone = () => this.end(new Stopped(FOUND))
  }

  /** Aborted when the command must end. */
  get signal(): AbortSignal {
    return this.controller.signal
  }

  /** From here on the command may take as long as it likes. */
  liftTimeLimit(): void {
    clearTimeout(this.timer)
  }

  /** Waits until somebody ends the command. */
  whenStopped(): Promise<void> {
    return new Promise((resolve) => {
      if (this.signal.aborted) resolve()
      else this.signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  /**
   * The work, or the reason as soon as the command must end; the work is left to whoever closes the node. `late` says
   * what was waited for in vain, where the time is up meanwhile.
   */
  async unlessEnded<T>(work: Promise<T>, late: Late = () => null): Promise<T> {
    work.catch(() => {})
    this.late = late
    const ended = this.whenStopped().then(() => {
      throw this.signal.reason
    })
    try {
      return await Promise.race([work, ended])
    } finally {
      this.late = () => null
    }
  }

  dispose(): void {
    clearTimeout(this.timer)
    this.unlisten()
  }

  /** The second request ends the process at once, whatever it is doing. */
  private asked(exitCode: number): void {
    const now = performance.now()
    if (this.askedAt !== null && now - this.askedAt > ECHO_MS) exitNow(exitCode)
    this.askedAt ??= now
    this.end(new Stopped(exitCode))
  }

  private end(reason: Error): void {
    this.controller.abort(reason)
  }
}

/** What was waited for in vain within '2 s'; null: nothing that says more than the time. */
type Late = (limit: string) => string | null

export function isTimeOut(error: unknown): error is Failure {
  return error instanceof Failure && error.code === 'timed-out'
}

function timedOut(timeoutMs: number, late: Late): Failure {
  const limit = shownDuration(timeoutMs)
  return new Failure('timed-out', `${late(limit) ?? `timed out after ${limit}`}; --timeout allows more`)
}
