// The commands that put and read items (BEP 44) and make keys: names, arguments, options.
// Not here: shared options (common-options.ts), what values mean (content.ts, key-option.ts, arguments.ts).
import type { Command } from 'commander'
import {
  addAskingOptions,
  addOptionsOfAll,
  bootstrapOption,
  command,
  THROUGH_ROUTERS,
  type Runs,
} from './common-options.ts'

const MAINLINE = ['mainline'] as const
const VALUE = 'text, at most 996 bytes; `-` reads stdin'
const KEEP_ALIVE = 'stay and put it again every hour, until Ctrl-C'

/** Values that anybody can look up. */
export function addItems(program: Command, runs: Runs): void {
  const put = command(program, 'put', 'Store a value that never changes. Its key is the hash of it.')
    .argument('[VALUE]', VALUE)
    .option('--file <FILE>', 'store the bytes of this file')
    .option('--keep-alive', KEEP_ALIVE)
    .action(runs(async () => (await import('./put.ts')).put))
  const get = command(program, 'get', 'Find a value by its key, and print it.')
    .argument('<KEY>', '40 hex digits')
    .option('--name <NAME>', 'the name of a signed value that has one')
    .action(runs(async () => (await import('./get.ts')).get))
  const publish = command(
    program,
    'publish',
    'Store a signed value under our key and a name; the newest wins.',
  )
    .argument('<NAME>', 'at most 64 bytes; may be empty')
    .argument('[VALUE]', VALUE)
    .option('--file <FILE>', 'publish the bytes of this file')
    .option('--torrent <INFOHASH>', 'publish which torrent is the newest (BEP 46), and print the link to it')
    .option('--key <FILE>', "our key pair (default: key.pem in the user's data folder; see keygen)")
    .option('--cas <SEQ>', 'only where the newest version is this one (compare and swap)')
    .option('--seq <SEQ>', 'the number of this version (default: one more than the newest)')
    .option('--keep-alive', KEEP_ALIVE)
    .action(runs(async () => (await import('./publish.ts')).publish))
  const resolve = command(program, 'resolve', 'Find the newest value under a public key and a name.')
    .argument('<PUBLICKEY>', '64 hex digits, a key file, or a link magnet:?xs=urn:btpk:... (BEP 46)')
    .argument('[NAME]', 'at most 64 bytes; none with a link')
    .option('--first', 'take the first that is signed well: quicker, and perhaps not the newest')
    .action(runs(async () => (await import('./resolve.ts')).resolve))
  for (const each of [get, resolve]) {
    each
      .option('--raw', 'print the bytes as they are, without a newline')
      .option('--output <FILE>', 'write the bytes into a new file')
  }
  for (const each of [put, get, publish, resolve]) {
    addAskingOptions(each.addOption(bootstrapOption(THROUGH_ROUTERS)), MAINLINE)
  }
}

export function addKeygen(program: Command, runs: Runs): void {
  const keygen = command(program, 'keygen', 'Make a key pair to publish with, in a new file.')
    .argument('[FILE]', "default: key.pem in the user's data folder")
    .option('--secret-from <FILE>', 'import: read the secret key from this file, in hex; `-` reads stdin')
    .action(runs(async () => (await import('./keygen.ts')).keygen))
  addOptionsOfAll(keygen, MAINLINE, 'how long to wait for stdin')
}
