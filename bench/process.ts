// Processes of the benchmark: how the parent starts, asks, measures and stops one, and how a child answers.
// Each server, the swarm and each network has a process of its own, so that none pays for another.
import { fork, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

/** No child lives longer, whatever happens to its parent. */
const MAX_LIFE_MS = 30 * 60_000
const CALL_MS = 120_000
const STOP_MS = 2000

interface Call {
  readonly call: number
  readonly method: string
  readonly params: unknown
}

type Reply = { readonly call: number } & ({ readonly result: unknown } | { readonly error: string })

/** Whether processes can be bound to a core here. Then servers run on core 0 and the generator on core 1. */
export const canPin: boolean =
  availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true'], { stdio: 'ignore' }).status === 0

/** The words before a command that bind it to a core; none where that is not possible. */
export function pinning(core: number | null): string[] {
  return core !== null && canPin ? ['taskset', '-c', String(core)] : []
}

/** A child that answers calls. */
export class Child {
  readonly name: string
  readonly #process: ChildProcess
  readonly #waiting = new Map<
    number,
    { resolve: (result: unknown) => void; reject: (error: Error) => void }
  >()
  #calls = 0

  constructor(name: string, process: ChildProcess) {
    this.name = name
    this.#process = process
    process.on('message', (reply) => this.#settle(reply as Reply))
    process.on('exit', (code, signal) => this.#fail(`${name} ended: ${signal ?? `code ${code}`}`))
    process.on('error', (error) => this.#fail(`${name}: ${error.message}`))
  }

  /** Asks the child; rejects with its error, or when it takes longer than two minutes. */
  async call<T>(method: string, params: unknown = null): Promise<T> {
    const call = ++this.#calls
    const message: Call = { call, method, params }
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(call, { resolve, reject }))
    const timer = setTimeout(() => this.#fail(`${this.name} does not answer ${method}`), CALL_MS)
    this.#process.send(message, (error) => {
      if (error !== null) this.#fail(`${this.name}: ${error.message}`)
    })
    try {
      return (await answer) as T
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(call)
    }
  }

  /** Ms of processor time that it has used so far, all threads together. */
  cpuMs(): Promise<number> {
    return this.call<number>('cpu')
  }

  /** Ends the child: its channel is closed, upon which it exits; two seconds later it is killed. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS)
    if (this.#process.connected) this.#process.disconnect()
    await ended
    clearTimeout(timer)
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.call)
    if ('error' in reply) waiting?.reject(new Error(`${this.name}: ${reply.error}`))
    else waiting?.resolve(reply.result)
  }

  #fail(message: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(message))
  }
}

/** Starts a file of this folder as a child. `core`: the one that it is bound to, where that is possible. */
export function start(name: string, file: string, core: number | null, words: string[] = []): Child {
  const script = fileURLToPath(new URL(file, import.meta.url))
  const [pin, ...rest] = [...pinning(core), process.execPath, '--expose-gc', '--no-warnings']
  // fork through taskset, which execs Node and so leaves the channel to it.
  const options = { execPath: pin, execArgv: rest, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] as const }
  return new Child(name, fork(script, words, { ...options, stdio: [...options.stdio] }))
}

/** In a child: answers the parent's calls until it goes away. `cpu` is always there. */
export function answerCalls(methods: Record<string, (params: never) => unknown>): void {
  const all: Record<string, (params: never) => unknown> = {
    ...methods,
    cpu: () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1000
    },
  }
  process.on('disconnect', () => process.exit(0))
  setTimeout(() => process.exit(1), MAX_LIFE_MS).unref()
  process.on('message', (message) => {
    const { call, method, params } = message as Call
    const reply = (answer: Reply): void => {
      process.send?.(answer)
    }
    void (async () => all[method]!(params as never))().then(
      (result: unknown) => reply({ call, result }),
      (error: unknown) => reply({ call, error: error instanceof Error ? error.message : String(error) }),
    )
  })
}
