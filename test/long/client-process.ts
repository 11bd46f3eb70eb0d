// A BitTorrent client as a process: its output is kept line by line, lines can be awaited, and it is killed with the scope.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Lines kept; the oldest are forgotten. */
const MAX_LINES = 20_000
/** Lines that a failure shows. */
const SHOWN_LINES = 30

/** The first line that a client prints for `--version`; null when it is not installed. */
export function versionOf(command: string, flag = '--version'): string | null {
  const { status, stdout, stderr } = spawnSync(command, [flag], { encoding: 'utf8' })
  return status === 0 ? `${stdout}${stderr}`.trim().split('\n')[0]! : null
}

export class ClientProcess implements AsyncDisposable {
  readonly lines: string[] = []
  readonly #name: string
  readonly #child: ChildProcess
  readonly #ended: Promise<number | string>
  readonly #watchers = new Set<(line: string) => void>()
  readonly #kill = (): void => void this.#child.kill('SIGKILL')

  constructor(name: string, command: readonly string[]) {
    this.#name = name
    const [file, ...args] = command
    this.#child = spawn(file!, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    process.once('exit', this.#kill)
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line)
        if (this.lines.length > MAX_LINES) this.lines.shift()
        for (const watch of this.#watchers) watch(line)
      })
    }
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message))
      this.#child.once('close', (code, signal) => resolve(signal ?? code ?? 'nothing'))
    })
  }

  /** The first line that matches, from its start on. */
  async line(pattern: RegExp, seconds: number): Promise<string> {
    const known = this.lines.find((line) => pattern.test(line))
    if (known !== undefined) return known
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const watch = (line: string): void => {
      if (pattern.test(line)) resolve(line)
    }
    this.#watchers.add(watch)
    const timer = setTimeout(
      () => reject(this.#failure(`no line ${pattern} within ${seconds} s`)),
      seconds * 1_000,
    )
    void this.#ended.then((how) => reject(this.#failure(`ended with ${how} before a line ${pattern}`)))
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#watchers.delete(watch)
    }
  }

  /** Waits for it to end by itself with code 0. */
  async done(seconds: number): Promise<void> {
    const timeout = AbortSignal.timeout(seconds * 1_000)
    const late = new Promise<never>((_, reject) => {
      timeout.addEventListener('abort', () => reject(this.#failure(`was not done within ${seconds} s`)))
    })
    const how = await Promise.race([this.#ended, late])
    if (how !== 0) throw this.#failure(`ended with ${how}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill()
    await this.#ended
    process.off('exit', this.#kill)
  }

  #failure(why: string): Error {
    return new Error(`${this.#name} ${why}. It said at last:\n${this.lines.slice(-SHOWN_LINES).join('\n')}`)
  }
}
