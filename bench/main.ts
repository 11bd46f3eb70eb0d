// npm run bench: measures xorbit beside a bare echo and beside bittorrent-dht, and prints a table for each network.
// Only loopback, only processes of its own, bounded in time: about five minutes, up to a minute with --quick.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { contestants } from './contestants.ts'
import { openGenerator } from './generator.ts'
import type { GeneratorOptions } from './generator.ts'
import { measureNetworks } from './networking.ts'
import { canPin } from './process.ts'
import { asMarkdown, asText, machine, remarksOf, tablesOf, versions } from './report.ts'
import type { Results } from './report.ts'
import { measureServing } from './serving.ts'

const USAGE = `npm run bench -- [options]
  --quick            a short run: less time, fewer rounds
  --rounds N         rounds of each server and workload (default 5)
  --seconds N        length of a round (default 1.5)
  --sockets N        sockets of the load generator (default 4)
  --window N         questions under way for each socket (default 16)
  --generator c|ts   the load generator (default: C where a compiler is)
  --only TEXT        only those whose name or network contains it (and the echo)
  --no-network       leave out the networks of 100 nodes
  --no-serving       leave out the servers
  --write            write the tables into docs/performance.md
`

const { values } = parseArgs({
  allowNegative: true,
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    sockets: { type: 'string', default: '4' },
    window: { type: 'string', default: '16' },
    generator: { type: 'string' },
    only: { type: 'string', default: '' },
    network: { type: 'boolean', default: true },
    serving: { type: 'boolean', default: true },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

/** A number between bounds, or the end with a word about it. */
function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (value >= least && value <= most) return value
  process.stderr.write(`--${name} must be from ${least} to ${most}, got '${text}'\n\n${USAGE}`)
  process.exit(2)
}

const log = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

function generatorOptions(): GeneratorOptions {
  const { generator } = values
  if (generator !== undefined && generator !== 'c' && generator !== 'ts') {
    process.stderr.write(`--generator must be c or ts, got '${generator}'\n\n${USAGE}`)
    process.exit(2)
  }
  return {
    sockets: number('sockets', values.sockets, 1, 32),
    window: number('window', values.window, 1, 256),
    language: generator ?? null,
  }
}

async function measure(): Promise<Results> {
  const rounds = number('rounds', values.rounds ?? (values.quick ? '3' : '5'), 1, 100)
  const ms = number('seconds', values.seconds ?? (values.quick ? '0.4' : '1.5'), 0.1, 60) * 1000
  const options = generatorOptions()
  const generator = openGenerator(options)
  try {
    const all = contestants().filter(
      ({ dialect, name }) => dialect === null || `${name}, ${dialect}`.includes(values.only),
    )
    const serving = values.serving ? await measureServing(all, generator, { rounds, ms, log }) : []
    const networkOptions = { nodes: 100, ms: values.quick ? 1500 : 5000, rounds: values.quick ? 1 : 3, log }
    const networks = values.network ? await measureNetworks(all, networkOptions) : []
    const pinned = canPin ? 'servers on core 0, the generator on core 1' : 'not bound to cores'
    return {
      at: new Date().toISOString(),
      machine: machine(),
      versions: versions(),
      method:
        `generator in ${generator.language}, ${options.sockets} sockets × ${options.window} questions under way; ` +
        `${pinned}; median of ${rounds} interleaved rounds of ${ms / 1000} s; ` +
        `in brackets the median ratio to the echo of the same round`,
      serving,
      networks,
    }
  } finally {
    generator.close()
  }
}

/** Keeps the figures, all rounds of them, for who wants to look closer. */
function save(results: Results): void {
  mkdirSync(new URL('results/', import.meta.url), { recursive: true })
  writeFileSync(new URL('results/latest.json', import.meta.url), `${JSON.stringify(results, null, 2)}\n`)
}

const MARKERS = ['<!-- bench -->', '<!-- /bench -->'] as const

/** Puts the tables between the markers of docs/performance.md. */
function writeDocument(tables: string): void {
  const file = new URL('../docs/performance.md', import.meta.url)
  const text = readFileSync(file, 'utf8')
  const [from, to] = [text.indexOf(MARKERS[0]), text.indexOf(MARKERS[1])]
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no ${MARKERS.join(' … ')}`)
  writeFileSync(file, `${text.slice(0, from + MARKERS[0].length)}\n${tables}\n${text.slice(to)}`)
}

if (values.help) {
  process.stdout.write(USAGE)
} else {
  const results = await measure()
  save(results)
  const tables = tablesOf(results)
  const lines = [results.machine, results.versions, results.method, ...remarksOf(results)]
  process.stdout.write(`\n${tables.map(asText).join('\n\n')}\n\n${lines.join('\n')}\n`)
  if (values.write) {
    const day = results.at.slice(0, 10)
    writeDocument(
      `\n${tables.map(asMarkdown).join('\n\n')}\n\n${[`Measured on ${day}.`, ...lines].map((line) => `- ${line}`).join('\n')}\n`,
    )
  }
}
