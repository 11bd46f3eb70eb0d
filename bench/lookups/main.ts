// npx node bench/lookups/main.ts: how lookups do in a simulated network, under several conditions, in virtual time.
// No sockets and no waiting, so the same seeds give the same figures on every machine; half a minute a condition.
import { parseArgs } from 'node:util'
import { asMarkdown, asText } from '../report.ts'
import { HEAD, rowOf } from './figures.ts'
import { CONDITIONS, trial, type Sample } from './trial.ts'
import { VARIANTS } from './variants.ts'

const USAGE = `npx node bench/lookups/main.ts [options]
  --nodes N          nodes of a network (default 300)
  --askers N         who look up in each way (default 40)
  --rounds N         lookups of each of them (default 5)
  --seeds LIST       a network for each (default 1,2,3)
  --conditions LIST  of ${CONDITIONS.map(({ name }) => name).join(',')} (default all)
  --ways LIST        parts of the names of the ways of looking up (default all)
  --markdown         print tables in Markdown
`

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '300' },
    askers: { type: 'string', default: '40' },
    rounds: { type: 'string', default: '5' },
    seeds: { type: 'string', default: '1,2,3' },
    conditions: { type: 'string' },
    ways: { type: 'string', default: '' },
    markdown: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

async function measure(): Promise<void> {
  const size = { nodes: Number(values.nodes), askers: Number(values.askers), rounds: Number(values.rounds) }
  const seeds = values.seeds.split(',').map(Number)
  const ways = values.ways.split(',')
  const variants = VARIANTS.filter(({ name }) => ways.some((way) => name.includes(way)))
  const conditions = CONDITIONS.filter(({ name }) => values.conditions?.split(',').includes(name) ?? true)
  for (const condition of conditions) {
    const samples: Sample[][] = variants.map(() => [])
    for (const seed of seeds) {
      const found = await trial(seed, condition, variants, size)
      for (const [v, each] of found.entries()) samples[v]!.push(...each)
    }
    const rows = [HEAD.slice(), ...variants.map(({ name }, v) => rowOf(name, samples[v]!))]
    const { dead, loss, busy, liars } = condition
    const head =
      `${condition.name}: dead ${100 * dead} %, loss ${100 * loss} % each way, busy ${100 * busy} %, liars ${100 * liars} %; ` +
      `${size.nodes} nodes, seeds ${seeds.join(', ')}, ${samples[0]?.length ?? 0} lookups each`
    process.stdout.write(`${head}\n\n${values.markdown ? asMarkdown(rows) : asText(rows)}\n\n`)
  }
}

if (values.help) process.stdout.write(USAGE)
else await measure()
