// Runs the load generator: load.c where a C compiler is, otherwise load.ts, which says so in the results.
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { pinning } from './process.ts'
import type { Question } from './workloads.ts'

const run = promisify(execFile)
const GENERATOR_CORE = 1
/** A run ends by itself; this only ends one that hangs. */
const GRACE_MS = 60_000

/** What the generator counted in one run. */
export interface Load {
  readonly ms: number
  readonly cpuMs: number
  readonly sent: number
  readonly answers: number
  readonly answerBytes: number
  /** Packets that are no answer to a question under way, or have the wrong size. */
  readonly invalid: number
  /** Questions of the server to us; not answered. */
  readonly questions: number
  readonly lost: number
  readonly p50Us: number
  readonly p99Us: number
}

export interface Generator {
  readonly language: 'C' | 'TypeScript'
  load(
    port: number,
    question: Question,
    sizes: readonly [min: number, max: number],
    ms: number,
  ): Promise<Load>
  /** Removes what was built. */
  close(): void
}

export interface GeneratorOptions {
  readonly sockets: number
  /** Questions under way for each socket. */
  readonly window: number
  /** null: C if it can be built. */
  readonly language: 'c' | 'ts' | null
}

export function openGenerator({ sockets, window, language }: GeneratorOptions): Generator {
  const built = language === 'ts' ? null : build()
  if (built === null && language === 'c') throw new Error('no C compiler: load.c could not be built')
  const command = built?.command ?? [
    process.execPath,
    '--no-warnings',
    fileURLToPath(new URL('load.ts', import.meta.url)),
  ]
  return {
    language: built === null ? 'TypeScript' : 'C',
    async load(port, question, [min, max], ms) {
      const { query, transactionAt, markBytes, targetAt, targetBytes } = question
      const places = [transactionAt, markBytes, targetAt, targetBytes]
      const words = [port, sockets, window, ms, query.toString('hex'), ...places, min, max].map(String)
      const [file, ...rest] = [...pinning(GENERATOR_CORE), ...command, ...words]
      const { stdout } = await run(file!, rest, { timeout: ms + GRACE_MS })
      return JSON.parse(stdout) as Load
    },
    close() {
      if (built !== null) rmSync(built.folder, { recursive: true, force: true })
    },
  }
}

/** Compiles load.c into a folder of its own; null where that is not possible. */
function build(): { command: string[]; folder: string } | null {
  const folder = mkdtempSync(join(tmpdir(), 'xorbit-bench-'))
  const program = join(folder, 'load')
  const source = fileURLToPath(new URL('load.c', import.meta.url))
  for (const compiler of ['cc', 'gcc', 'clang']) {
    const { status } = spawnSync(compiler, ['-O2', '-o', program, source], {
      stdio: 'ignore',
      timeout: 60_000,
    })
    if (status === 0) return { command: [program], folder }
  }
  rmSync(folder, { recursive: true, force: true })
  return null
}
