// The commands that publish and find signed values, on mainline items (BEP 44) and on drogulus values, and make keys: names,
// arguments, options. Not here: what never changes (item-commands.ts), what values mean (content.ts, key-option.ts).
import type { Command } from 'commander'
import {
  addAskingOptions,
  addOptionsOfAll,
  bootstrapOption,
  collect,
  command,
  ROUTERS_OR_NEEDED,
  type Runs,
} from './common-options.ts'
import type { FindValueFlags } from './find-value.ts'
import type { GetFlags } from './get.ts'
import { addDestination, KEEP_ALIVE, VALUE } from './item-commands.ts'
import type { PublishValueFlags } from './publish-value.ts'
import type { PublishFlags } from './publish.ts'
import type { ResolveFlags } from './resolve.ts'

const SIGNED = ['mainline', 'drogulus'] as const

/** Values that their owner may change, and `get`, which finds what never changes, too. */
export function addSigned(program: Command, runs: Runs): void {
  addGet(program, runs)
  addPublish(program, runs)
  addResolve(program, runs)
}

function addGet(program: Command, runs: Runs): void {
  const get = command(program, 'get', 'Find a value by its key, and print it.')
    .argument('<KEY>', '40 hex digits, on drogulus 128')
    .option('--name <NAME>', 'mainline: the name of a signed value that has one')
    .action(
      runs<GetFlags & FindValueFlags>(async ({ network }) =>
        network === 'drogulus' ? (await import('./find-value.ts')).getValue : (await import('./get.ts')).get,
      ),
    )
  addSharedOptions(addDestination(get))
}

function addPublish(program: Command, runs: Runs): void {
  const publish = command(
    program,
    'publish',
    'Store a signed value under our key and a name; the newest wins.',
  )
    .argument('<NAME>', 'at most 64 bytes, on drogulus 1024; may be empty')
    .argument('[VALUE]', `${VALUE} (drogulus: about 99000 bytes)`)
    .option('--file <FILE>', 'publish the bytes of this file')
    .option(
      '--torrent <INFOHASH>',
      'mainline: publish which torrent is the newest (BEP 46), and print the link to it',
    )
    .option(
      '--key <FILE>',
      "our key pair (default: key.pem, on drogulus rsa-key.pem, in the user's data folder; see keygen)",
    )
    .option('--cas <SEQ>', 'mainline: only where the newest version is this one (compare and swap)')
    .option('--seq <SEQ>', 'mainline: the number of this version (default: one more than the newest)')
    .option(
      '--expires <WHEN>',
      'drogulus: 30m, 24h, 7d, a date such as 2030-01-31, or `never` (default: never)',
    )
    .option(
      '--meta <KEY=TEXT>',
      'drogulus: a text beside the value, signed with it; may be repeated',
      collect,
    )
    .option('--duplicate <N>', 'drogulus: on how many nodes, 1 to 20 (default: 20)')
    .option('--keep-alive', KEEP_ALIVE)
    .action(
      runs<PublishFlags & PublishValueFlags>(async ({ network }) =>
        network === 'drogulus'
          ? (await import('./publish-value.ts')).publishValue
          : (await import('./publish.ts')).publish,
      ),
    )
  addSharedOptions(publish)
}

function addResolve(program: Command, runs: Runs): void {
  const resolve = command(program, 'resolve', 'Find the newest value under a public key and a name.')
    .argument(
      '<PUBLICKEY>',
      '64 hex digits, a key file, or a link magnet:?xs=urn:btpk:... (BEP 46); on drogulus a PEM file',
    )
    .argument('[NAME]', 'at most 64 bytes, on drogulus 1024; none with a link')
    .option('--first', 'take the first that is signed well: quicker, and perhaps not the newest')
    .action(
      runs<ResolveFlags & FindValueFlags>(async ({ network }) =>
        network === 'drogulus'
          ? (await import('./find-value.ts')).resolveValue
          : (await import('./resolve.ts')).resolve,
      ),
    )
  addSharedOptions(addDestination(resolve))
}

function addSharedOptions(it: Command): void {
  addAskingOptions(it.addOption(bootstrapOption(ROUTERS_OR_NEEDED)), SIGNED)
}

export function addKeygen(program: Command, runs: Runs): void {
  const keygen = command(program, 'keygen', 'Make a key pair to publish with, in a new file.')
    .argument('[FILE]', "default: key.pem, with --rsa rsa-key.pem, in the user's data folder")
    .option(
      '--rsa',
      'of RSA, as drogulus has them; so does --network drogulus (default: Ed25519, as mainline)',
    )
    .option('--bits <BITS>', 'with --rsa: how long the key is, 2048 to 8192 bits (default: 2048)')
    .option('--secret-from <FILE>', 'import: read the secret key from this file, in hex; `-` reads stdin')
    .action(runs(async () => (await import('./keygen.ts')).keygen))
  addOptionsOfAll(keygen, SIGNED, 'how long to wait for stdin')
}
