// The commands that store and find values (khashmir): names, arguments, options.
// Not here: shared options (common-options.ts), what values mean (content.ts, arguments.ts).
import type { Command } from 'commander'
import { addAskingOptions, bootstrapOption, command, type Runs } from './common-options.ts'

const KHASHMIR = ['khashmir'] as const
const TEXT_KEY = 'KEY is text, cut or filled up to 20 bytes as apt-p2p does it'

/** Many values under one key. */
export function addValues(program: Command, runs: Runs): void {
  const store = command(
    program,
    'store',
    'Store a value under a key, beside those that are there (khashmir).',
  )
    .argument('<KEY>', '40 hex digits; with --text-key any text')
    .argument('[VALUE]', 'text, at most 1319 bytes; `-` reads stdin')
    .option('--file <FILE>', 'store the bytes of this file')
    .option('--keep-alive', 'stay and store it again before it expires, until Ctrl-C')
    .action(runs(async () => (await import('./store.ts')).store))
  const values = command(program, 'values', 'Find the values under a key (khashmir).')
    .argument('<KEY>', '40 hex digits; with --text-key any text')
    .option('--limit <N>', 'end after so many values (default: when enough nodes have told theirs)')
    .action(runs(async () => (await import('./values.ts')).values))
  for (const each of [store, values]) {
    each
      .option('--text-key', TEXT_KEY)
      .addOption(bootstrapOption('; needed, for no node is known to the world'))
    addAskingOptions(each, KHASHMIR)
  }
}
