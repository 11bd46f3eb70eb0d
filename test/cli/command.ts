// Runs the real command as a child process, on real sockets of loopback, and waits for what it prints.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** No measurement: it only ends what hangs. */
const HANGS_AFTER_MS = 60_000

/** A fresh folder, removed when the tests of the file have run. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'xorbit-cli-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const dataHome = temporaryFolder()

/** Children of this file that still run; none outlives it. */
const started = new Set<ChildProcess>()
after(() => {
  for (const child of started) child.kill('SIGKILL')
})

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that is running. */
export class Running {
  readonly ended: Promise<Ended>
  readonly child: ChildProcess
  private readonly waiting = new Set<() => void>()
  private stdout = ''
  private stderr = ''
  private isOver = false

  /** `input`: what stdin has; null: nothing, and it stays open. */
  constructor(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    input?: string | Uint8Array | null,
  ) {
    this.child = spawn(process.execPath, [MAIN, ...args], {
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, XDG_DATA_HOME: dataHome, ...env },
    })
    // The command may end before it has read all.
    this.child.stdin?.on('error', () => {})
    if (input !== undefined && input !== null) this.child.stdin?.end(input)
    const hangs = setTimeout(() => this.child.kill('SIGKILL'), HANGS_AFTER_MS)
    this.child.stdout!.on('data', (text: Buffer) => this.heard(() => (this.stdout += text.toString())))
    this.child.stderr!.on('data', (text: Buffer) => this.heard(() => (this.stderr += text.toString())))
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code, signal) => {
        clearTimeout(hangs)
        this.heard(() => (this.isOver = true))
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr })
      })
    })
    started.add(this.child)
    this.child.on('close', () => started.delete(this.child))
  }

  /** What the pattern finds in what is printed, as soon as it does. Rejects when the command ends without it. */
  async prints(pattern: RegExp, where: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpMatchArray> {
    for (;;) {
      const found = this[where].match(pattern)
      if (found !== null) return found
      if (this.isOver) throw new Error(`ended without ${pattern}:\n${this.stdout}${this.stderr}`)
      await new Promise<void>((resolve) => this.waiting.add(resolve))
    }
  }

  /** The first object with this event that is printed under --json. */
  async event(name: string): Promise<Record<string, unknown>> {
    const [line] = await this.prints(new RegExp(`^.*"event":"${name}".*$`, 'm'))
    return JSON.parse(line) as Record<string, unknown>
  }

  kill(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal)
    return this.ended
  }

  private heard(what: () => void): void {
    what()
    for (const resolve of this.waiting) resolve()
    this.waiting.clear()
  }
}

/** Starts the command. */
export function launch(...args: string[]): Running {
  return new Running(args)
}

/** Runs the command to its end. */
export function run(...args: string[]): Promise<Ended> {
  return launch(...args).ended
}

/** Runs the command to its end, with this on stdin. */
export function runWith(input: string | Uint8Array, ...args: string[]): Promise<Ended> {
  return new Running(args, {}, input).ended
}

/** The words of a command as a shell would hand them over: `npx xorbit put 'Hello World!'`. */
export function wordsOf(line: string): string[] {
  const words = line.match(/'[^']*'|\S+/g) ?? []
  return words.slice(2).map((word) => word.replaceAll("'", ''))
}

/** What a command printed under --json: one object a line, and nothing else. */
export function objects(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

export interface Testnet {
  readonly bootstrap: string
  readonly ports: readonly number[]
  readonly ids: readonly string[]
}

/** A test network of its own, there until the tests of the file have run. */
export async function testnet(count: number, ...options: string[]): Promise<Testnet> {
  const running = launch('testnet', String(count), '--json', ...options)
  const { bootstrap, nodes } = await running.event('listening')
  const each = nodes as { id: string; port: number }[]
  return {
    bootstrap: (bootstrap as string[])[0]!,
    ports: each.map(({ port }) => port),
    ids: each.map(({ id }) => id),
  }
}
