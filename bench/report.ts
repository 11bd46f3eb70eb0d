// Makes one table of the measurements, for the terminal and for docs/performance.md. Measures nothing.
import { cpus, release, type } from 'node:os'
import { ECHO, versionOf } from './contestants.ts'
import type { NetworkResult } from './networks/measure.ts'
import type { NetworkingResult } from './networking.ts'
import { isDisturbed } from './serving.ts'
import type { Round, ServingResult } from './serving.ts'
import { WORKLOADS, type Dialect } from './workloads.ts'

export interface Results {
  readonly at: string
  readonly machine: string
  readonly versions: string
  readonly method: string
  readonly serving: readonly ServingResult[]
  readonly networks: readonly NetworkingResult[]
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function machine(): string {
  const cores = cpus()
  return `${cores.length} × ${cores[0]?.model.trim() ?? 'unknown'}, ${type()} ${release()}`
}

export function versions(): string {
  return `Node.js ${process.versions.node}, bittorrent-dht ${versionOf('bittorrent-dht')}`
}

const whole = (value: number): string => Math.round(value).toLocaleString('en-US')
const percent = (share: number): string => `${Math.round(share * 100)} %`

/**
 * Rates of a server and, beside them, the median of its ratios to the echo of the same round. Where other programs
 * disturbed a round, the rates say little, and it is the ratio by processor time, marked ≈.
 */
function rate(rounds: readonly Round[], echo: readonly Round[] | undefined): string {
  const rates = whole(median(rounds.map(({ answersPerSecond }) => answersPerSecond)))
  if (echo === undefined) return rates
  const calm = ![...rounds, ...echo].some(isDisturbed)
  const shown = calm
    ? ratio(rounds, echo, 'answersPerSecond')
    : `≈${ratio(rounds, echo, 'answersPerCpuSecond')}`
  return `${rates} (${shown})`
}

function ratio(
  rounds: readonly Round[],
  echo: readonly Round[],
  by: 'answersPerSecond' | 'answersPerCpuSecond',
): string {
  return median(rounds.map((own, round) => own[by] / echo[round]![by])).toFixed(2)
}

const LEFT_OUT = '–'

function networkColumns(rounds: readonly NetworkResult[]): string[] {
  const middle = (pick: (round: NetworkResult) => number): number => median(rounds.map(pick))
  const megabytes = (pick: (round: NetworkResult) => number): string => (middle(pick) / 1e6).toFixed(2)
  return [
    whole(middle((round) => round.lookupsPerSecond)),
    percent(middle((round) => round.recall)),
    `${megabytes((round) => round.idleBytesPerNode)} / ${megabytes((round) => round.usedBytesPerNode)}`,
  ]
}

/** What was measured in one network. */
function inDialect({ serving, networks, ...rest }: Results, dialect: Dialect): Results {
  return {
    ...rest,
    serving: serving.filter((each) => each.dialect === dialect),
    networks: dialect === 'mainline' ? networks : [],
  }
}

/** A table for each network, as rows of cells; the first row is the head, and begins with the name of the network. */
export function tablesOf(results: Results): string[][][] {
  return (Object.keys(WORKLOADS) as Dialect[])
    .map((dialect) => tableOf(dialect, inDialect(results, dialect)))
    .filter((table) => table.length > 1)
}

function tableOf(dialect: Dialect, { serving, networks }: Results): string[][] {
  const size = networks[0]?.rounds[0]?.nodes
  const networkHeads =
    size === undefined ? [] : [`${size} nodes: lookups/s`, 'recall', 'MB a node, idle / after']
  const echo = serving.find(({ name }) => name === ECHO)
  const names = new Set([...serving, ...networks].map(({ name }) => name))
  const rows = [...names].map((name) => {
    const served = serving.find((entry) => entry.name === name)
    const rates = WORKLOADS[dialect].map(({ name: workload }) => {
      const rounds = served?.workloads[workload]?.rounds
      return rounds === undefined ? LEFT_OUT : rate(rounds, echo?.workloads[workload]?.rounds)
    })
    const network = networks.find((entry) => entry.name === name)?.rounds
    const columns = network === undefined ? [LEFT_OUT, LEFT_OUT, LEFT_OUT] : networkColumns(network)
    return [name, ...rates, ...(size === undefined ? [] : columns)]
  })
  return [[dialect, ...WORKLOADS[dialect].map(({ name }) => `${name}/s`), ...networkHeads], ...rows]
}

/** What a reader must know to judge the tables: a line for each server and workload that is out of the ordinary. */
export function remarksOf({ serving }: Results): string[] {
  const remarks: string[] = []
  const all = serving.flatMap(({ workloads }) => Object.values(workloads).flatMap(({ rounds }) => rounds))
  if (all.length === 0) return remarks
  const share = (pick: (round: Round) => number): string => {
    const values = all.map(pick)
    return `${percent(Math.min(...values))}–${percent(Math.max(...values))}`
  }
  remarks.push(
    `processor time, of one core each: servers ${share((round) => round.serverCpu)}, ` +
      `generator ${share((round) => round.generatorCpu)}`,
  )
  for (const { name, dialect, workloads, tableSize } of serving) {
    const echo = serving.find((each) => each.name === ECHO && each.dialect === dialect)
    const sizes = WORKLOADS[dialect].map(({ name }) => workloads[name]?.answerBytes ?? 0).join(', ')
    const table = tableSize === null ? '' : `, ${tableSize} contacts in its table`
    const ratios = Object.entries(workloads).map(([workload, { rounds }]) =>
      ratio(rounds, echo?.workloads[workload]?.rounds ?? rounds, 'answersPerCpuSecond'),
    )
    const byCpu = name === ECHO || echo === undefined ? '' : `; ratios by processor time ${ratios.join(', ')}`
    remarks.push(`${dialect}, ${name}: answers of ${sizes} bytes${table}${byCpu}`)
    const loads = Object.values(workloads).flatMap(({ rounds }) => rounds.map(({ load }) => load))
    const lost = loads.reduce((sum, load) => sum + load.lost, 0)
    const invalid = loads.reduce((sum, load) => sum + load.invalid, 0)
    if (lost + invalid > 0)
      remarks.push(`${dialect}, ${name}: ${lost} questions lost, ${invalid} answers not valid`)
  }
  const limited = all.filter(({ serverCpu, generatorCpu }) => generatorCpu > 0.95 && serverCpu < 0.9).length
  if (limited > 0)
    remarks.push(`the generator, not the server, was the limit in ${limited} of ${all.length} rounds`)
  const disturbed = all.filter(isDisturbed).length
  if (disturbed > 0) {
    remarks.push(
      `other programs had the processor in ${disturbed} of ${all.length} rounds: where one was, the ratio is that by processor time, marked ≈`,
    )
  }
  return remarks
}

/** Columns padded to their widths, for the terminal. */
export function asText(rows: readonly string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('   '),
  )
  return lines.join('\n')
}

/** The same in Markdown. */
export function asMarkdown(rows: readonly string[][]): string {
  const [head, ...body] = rows.map((row) => `| ${row.join(' | ')} |`)
  const rule = `|${rows[0]!.map((_, column) => (column === 0 ? ' --- ' : ' ---: ')).join('|')}|`
  return [head, rule, ...body].join('\n')
}
