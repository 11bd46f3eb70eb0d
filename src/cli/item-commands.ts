// The command that puts items that never change (BEP 44), and what it shares with those that publish and find others: names,
// arguments, options. Not here: shared options of all (common-options.ts), what values mean (content.ts).
import type { Command } from 'commander'
import { addAskingOptions, bootstrapOption, command, THROUGH_ROUTERS, type Runs } from './common-options.ts'

const MAINLINE = ['mainline'] as const
export const VALUE = 'text, at most 996 bytes; `-` reads stdin'
export const KEEP_ALIVE = 'stay and put it again every hour, until Ctrl-C'

/** Values that anybody can look up by their hash. */
export function addItems(program: Command, runs: Runs): void {
  const put = command(program, 'put', 'Store a value that never changes. Its key is the hash of it.')
    .argument('[VALUE]', VALUE)
    .option('--file <FILE>', 'store the bytes of this file')
    .option('--keep-alive', KEEP_ALIVE)
    .action(runs(async () => (await import('./put.ts')).put))
  addAskingOptions(put.addOption(bootstrapOption(THROUGH_ROUTERS)), MAINLINE)
}

/** Where what was found goes. */
export function addDestination(it: Command): Command {
  return it
    .option('--raw', 'print the bytes as they are, without a newline')
    .option('--output <FILE>', 'write the bytes into a new file')
}
