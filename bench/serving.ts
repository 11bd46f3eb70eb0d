// The serving half of the benchmark: opens the servers, fills their tables, and asks them in interleaved rounds.
import { setTimeout as pause } from 'node:timers/promises'
import { ECHO, XORBIT } from './contestants.ts'
import type { Contestant } from './contestants.ts'
import type { Generator, Load } from './generator.ts'
import { start } from './process.ts'
import type { Child } from './process.ts'
import type { Opened } from './servers/serve.ts'
import { sample, type Sample } from './sampling.ts'
import { PEERS, POPULAR, VALUES, WORKLOADS, valueOf, type Dialect, type Workload } from './workloads.ts'

const SERVER_CORE = 0
const FULL_TABLE = 150
const FILL_ROUNDS = 20
const WARM_UP_MS = 1000
/** Answers may differ a little in length, such as in their tokens. */
const SIZE_SLACK = 0.2
/** The share of a core from which on a process counts as busy. */
const BUSY = 0.85

type Log = (line: string) => void

export interface ServingOptions {
  readonly rounds: number
  readonly ms: number
  readonly log: Log
}

/** One round of one server under one workload. */
export interface Round {
  readonly answersPerSecond: number
  /** The same by the server's processor time: what other programs on the machine disturb least. */
  readonly answersPerCpuSecond: number
  /** Shares of one core. */
  readonly serverCpu: number
  readonly generatorCpu: number
  readonly load: Load
}

export interface ServingResult {
  readonly name: string
  readonly dialect: Dialect
  readonly tableSize: number | null
  readonly workloads: Record<string, { readonly answerBytes: number; readonly rounds: readonly Round[] }>
}

interface Running {
  readonly contestant: Contestant
  readonly child: Child
  readonly port: number
  tableSize: number | null
  readonly samples: Map<Workload, Sample>
}

/** Measures the servers of each network, and the echo beside them. */
export async function measureServing(
  all: readonly Contestant[],
  generator: Generator,
  options: ServingOptions,
): Promise<ServingResult[]> {
  const results: ServingResult[] = []
  for (const dialect of Object.keys(WORKLOADS) as Dialect[]) {
    const those = all.filter((each) => each.dialect === null || each.dialect === dialect)
    if (those.every((each) => each.dialect === null)) continue
    results.push(...(await measureDialect(dialect, those, { ...options, generator })))
  }
  return results
}

interface Measuring extends ServingOptions {
  readonly generator: Generator
}

/** Under all workloads. A server that cannot be opened or answers wrongly is left out, aloud. */
async function measureDialect(
  dialect: Dialect,
  all: readonly Contestant[],
  options: Measuring,
): Promise<ServingResult[]> {
  const swarm = start('swarm', 'swarm.ts', null)
  const running: Running[] = []
  const children: Child[] = [swarm]
  try {
    await swarm.call('open', { dialect })
    for (const contestant of all) {
      const child = start(contestant.name, contestant.server, SERVER_CORE, contestant.words)
      children.push(child)
      try {
        running.push(await prepare(contestant, child, swarm, options.log))
      } catch (error) {
        options.log(`left out of serving: ${(error as Error).message}`)
      }
    }
    return await measureRounds(dialect, running, options)
  } finally {
    await Promise.all(children.map((child) => child.stop()))
  }
}

/** Opens a server, fills its table, has peers or values brought, and checks its answers. */
async function prepare(contestant: Contestant, child: Child, swarm: Child, log: Log): Promise<Running> {
  const { port } = await child.call<Opened>('open')
  const running: Running = { contestant, child, port, tableSize: null, samples: new Map() }
  const { dialect } = contestant
  if (dialect === null) return running
  for (let round = 0; round < FILL_ROUNDS && (running.tableSize ?? 0) < FULL_TABLE; round++) {
    await swarm.call('introduce', { port })
    await pause(500)
    running.tableSize = await child.call<number | null>('tableSize')
  }
  const size = running.tableSize ?? 0
  if (size < FULL_TABLE) throw new Error(`${contestant.name}: only ${size} contacts in its table`)
  if (dialect === 'mainline') {
    await swarm.call('announce', { port, infoHash: POPULAR.toString('hex'), count: PEERS })
  } else {
    const values = Array.from({ length: VALUES }, (_, n) => valueOf(n).toString('hex'))
    await swarm.call('store', { port, key: POPULAR.toString('hex'), values })
  }
  for (const workload of WORKLOADS[dialect]) {
    try {
      running.samples.set(workload, await sample(port, workload))
    } catch (error) {
      log(`left out of ${workload.name}: ${contestant.name}: ${(error as Error).message}`)
    }
  }
  return running
}

async function measureRounds(
  dialect: Dialect,
  running: readonly Running[],
  { rounds, ms, log, generator }: Measuring,
): Promise<ServingResult[]> {
  const results = running.map(({ contestant, tableSize }) => {
    const workloads: Record<string, { answerBytes: number; rounds: Round[] }> = {}
    return { name: contestant.name, dialect, tableSize, workloads }
  })
  for (const workload of WORKLOADS[dialect]) {
    await teachEcho(running, workload)
    await measureRound(running, workload, generator, Math.min(ms, WARM_UP_MS))
    const measured: Round[][] = []
    let calm = 0
    // A round that something else on the machine has disturbed is repeated, but not for ever.
    for (let attempt = 0; attempt < 2 * rounds && calm < rounds; attempt++) {
      const round = await measureRound(running, workload, generator, ms)
      measured.push(round)
      if (!round.some(isDisturbed)) calm++
    }
    measured.sort((a, b) => Number(a.some(isDisturbed)) - Number(b.some(isDisturbed)))
    for (const [index, { samples }] of running.entries()) {
      const answerBytes = samples.get(workload)?.answer.length
      if (answerBytes === undefined) continue
      const kept = measured.slice(0, rounds).map((round) => round[index]!)
      results[index]!.workloads[workload.name] = { answerBytes, rounds: kept }
    }
    log(`measured ${dialect} ${workload.name}: ${calm} of ${measured.length} rounds undisturbed`)
  }
  return results
}

/** Neither the server nor the generator was busy: other programs had the processor. */
export function isDisturbed({ serverCpu, generatorCpu }: Round): boolean {
  return serverCpu < BUSY && generatorCpu < BUSY
}

/** Gives the echo an answer of xorbit's, or of who is there in its place. */
async function teachEcho(running: readonly Running[], workload: Workload): Promise<void> {
  const echo = running.find(({ contestant }) => contestant.name === ECHO)
  const others = running.filter((server) => server !== echo)
  const ours = others.find(({ contestant }) => contestant.name === XORBIT)
  const answer =
    ours?.samples.get(workload) ?? others.find(({ samples }) => samples.has(workload))?.samples.get(workload)
  if (echo === undefined || answer === undefined) return
  echo.samples.set(workload, answer)
  const { transactionAt } = answer
  await echo.child.call('setAnswer', { hex: answer.answer.toString('hex'), transactionAt })
}

/** One round over all servers; every other one backwards, so that nobody always follows the same neighbour. */
async function measureRound(
  running: readonly Running[],
  workload: Workload,
  generator: Generator,
  ms: number,
): Promise<Round[]> {
  const measured: Round[] = []
  const order = [...running.keys()].filter((index) => running[index]!.samples.has(workload))
  if (backwards) order.reverse()
  backwards = !backwards
  for (const index of order) measured[index] = await measureServer(running[index]!, workload, generator, ms)
  return measured
}

let backwards = false

async function measureServer(
  server: Running,
  workload: Workload,
  generator: Generator,
  ms: number,
): Promise<Round> {
  const { smallest, largest, question } = server.samples.get(workload)!
  const sizes = [Math.floor(smallest * (1 - SIZE_SLACK)), Math.ceil(largest * (1 + SIZE_SLACK))] as const
  const before = await server.child.cpuMs()
  const load = await generator.load(server.port, question, sizes, ms)
  const cpuMs = (await server.child.cpuMs()) - before
  return {
    answersPerSecond: (load.answers / load.ms) * 1000,
    answersPerCpuSecond: (load.answers / cpuMs) * 1000,
    serverCpu: cpuMs / load.ms,
    generatorCpu: load.cpuMs / load.ms,
    load,
  }
}
