// A program of its own that a test drives by JSON lines: a command a line to its stdin, {"id","result"} or {"id","error"}
// a line from its stdout. It is killed with the test, also when the test fails or its process ends.
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

/** What a program may take for one command beyond what the command itself allows it. */
const GRACE_MS = 30_000
/** What a program may take to end by itself; then it is killed. */
const STOP_MS = 3_000
/** Lines of stderr that a failure shows. */
const MAX_LINES = 20

interface Pending {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/** Those that run now; one listener for all of them kills them with the test. */
const running = new Set<ChildProcessByStdio<Writable, Readable, Readable>>()
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')))

export class DrivenProgram implements AsyncDisposable {
  readonly name: string
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #pending = new Map<number, Pending>()
  readonly #said: string[] = []
  readonly #ended: Promise<void>
  #lastId = 0

  constructor(name: string, command: readonly string[]) {
    this.name = name
    const [file, ...args] = command
    this.#child = spawn(file!, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    running.add(this.#child)
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#read(line))
    createInterface({ input: this.#child.stderr }).on('line', (line) => {
      this.#said.push(line)
      if (this.#said.length > MAX_LINES) this.#said.shift()
    })
    // A program that has ended takes no more commands; what was asked fails below.
    this.#child.stdin.on('error', () => {})
    this.#ended = new Promise((resolve) => {
      const end = (why: string): void => {
        running.delete(this.#child)
        for (const { reject } of this.#pending.values()) reject(this.#failure(why))
        this.#pending.clear()
        resolve()
      }
      this.#child.once('error', (error) => end(`cannot be run: ${error.message}`))
      this.#child.once('close', (code, signal) => end(`ended with ${signal ?? code}`))
    })
  }

  /** Sends a command and waits for its result, at most `seconds` and some grace. */
  async ask<T>(
    command: string,
    details: { readonly seconds?: number; [name: string]: unknown } = {},
  ): Promise<T> {
    const id = ++this.#lastId
    const result = new Promise<unknown>((resolve, reject) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        reject(this.#failure('has ended'))
        return
      }
      const timer = setTimeout(
        () => reject(this.#failure(`did not answer "${command}" in time`)),
        (details.seconds ?? 20) * 1_000 + GRACE_MS,
      )
      const settle = (): void => clearTimeout(timer)
      this.#pending.set(id, {
        resolve: (value) => (settle(), resolve(value)),
        reject: (error) => (settle(), reject(error)),
      })
    })
    this.#child.stdin.write(`${JSON.stringify({ ...details, id, do: command })}\n`)
    return (await result) as T
  }

  /** Ends it as a power cut would. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async close(): Promise<void> {
    this.#child.stdin.end(`${JSON.stringify({ id: 0, do: 'stop' })}\n`)
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS)
    await this.#ended
    clearTimeout(timer)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #read(line: string): void {
    let answer: { id: number; result?: unknown; error?: string }
    try {
      answer = JSON.parse(line) as typeof answer
    } catch {
      this.#said.push(line)
      return
    }
    const pending = this.#pending.get(answer.id)
    this.#pending.delete(answer.id)
    if (answer.error === undefined) pending?.resolve(answer.result)
    else pending?.reject(this.#failure(answer.error))
  }

  #failure(why: string): Error {
    const said = this.#said.length === 0 ? '' : `\nIt said:\n${this.#said.join('\n')}`
    return new Error(`${this.name} ${why}${said}`)
  }
}
