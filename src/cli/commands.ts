// The commands that run nodes, ask about nodes, and find peers: names, arguments, options.
// Not here: items (item-commands.ts), values of khashmir (value-commands.ts), shared options (common-options.ts), what values mean (arguments.ts).
import type { Command } from 'commander'
import {
  addAskingOptions,
  addDrogulusWire,
  addOptionsOfAll,
  bootstrapOption,
  collect,
  command,
  privateOption,
  ROUTERS_OR_NEEDED,
  THROUGH_ROUTERS,
  type Runs,
} from './common-options.ts'
import { ALL_NETWORKS } from './networks.ts'

const MAINLINE = ['mainline'] as const
const START_ALONE = '; `none`: through nobody (default: the public routers of mainline; nobody on the others)'

/** The commands that stay until Ctrl-C. */
export function addNodes(program: Command, runs: Runs): void {
  const start = command(program, 'start', 'Run a node until Ctrl-C.')
    .option(
      '--host <ADDRESS>',
      'listen on this address; on mainline it may be repeated, for a node at several addresses',
      collect,
    )
    .option(
      '--port <PORT>',
      'port to listen on; 0: any free one (default: 6881; khashmir 9977, drogulus 1908)',
    )
    .addOption(bootstrapOption(START_ALONE))
    .option(
      '--store <FILE|memory>',
      "where to keep id, contacts and what is stored (default: in the user's data folder)",
    )
    .option('--api <HOST:PORT|off>', 'where to serve the HTTP API; only `off` works today', 'off')
    .option('--testnet <N>', 'run N more nodes on loopback, around this one')
    .option('--read-only', 'ask, but answer nothing and enter no table (on mainline BEP 43)')
    .option(
      '--role <ROLE>',
      'khashmir: what is served, `nodes`, `read` or `write` (default: write, everything)',
    )
    .option(
      '--preset <PRESET>',
      'khashmir: times and counts of apt-p2p, `head` or `march-2008` (default: head)',
    )
    .option(
      '--identity <FILE>',
      'drogulus: the RSA key pair of the node, in PEM (default: made at the first start, beside the store)',
    )
    .option('--no-rate-limit', 'answer without limits, for a benchmark')
    .addOption(privateOption())
    .action(runs(async () => (await import('./start.ts')).start))
  addDrogulusWire(start)
  addOptionsOfAll(start, ALL_NETWORKS, 'how long joining may take before it goes on in the background')
  const testnet = command(
    program,
    'testnet',
    'Run N nodes on loopback until Ctrl-C, and print where to join them.',
  )
    .argument('<N>', 'how many nodes')
    .option('--host <ADDRESS>', 'listen on this loopback or private address', '127.0.0.1')
    .action(runs(async () => (await import('./testnet.ts')).testnet))
  addDrogulusWire(testnet)
  addOptionsOfAll(testnet, ALL_NETWORKS, 'how long they may take to join')
}

/** The commands that ask about nodes and peers, and end. */
export function addQuestions(program: Command, runs: Runs): void {
  const ping = command(program, 'ping', 'Ask one node whether it is there.')
    .argument('<HOST:PORT>', 'the node; HOST may be a name')
    .action(runs(async () => (await import('./ping.ts')).ping))
  const lookup = command(program, 'lookup', 'Walk to the nodes closest to an id, and show the way.')
    .argument('<ID>', '40 hex digits (drogulus: 128): a node id, an infohash, any point')
    .addOption(bootstrapOption(ROUTERS_OR_NEEDED))
    .action(runs(async () => (await import('./lookup.ts')).lookup))
  const announce = command(
    program,
    'announce',
    'Tell the network that a peer of an infohash is on this host.',
  )
    .argument('<INFOHASH>', '40 hex digits')
    .requiredOption('--port <PEERPORT>', 'TCP port on which the peer listens')
    .option('--seed', 'the peer has everything (BEP 33)')
    .option('--keep-alive', 'stay and announce again before it expires, until Ctrl-C')
    .addOption(bootstrapOption(THROUGH_ROUTERS))
    .action(runs(async () => (await import('./announce.ts')).announce))
  const peers = command(program, 'peers', 'Find peers of an infohash.')
    .argument('<INFOHASH>', '40 hex digits')
    .addOption(bootstrapOption(THROUGH_ROUTERS))
    .action(runs(async () => (await import('./peers.ts')).peers))
  const scrape = command(program, 'scrape', 'Count the seeds and peers of an infohash, without joining them.')
    .argument('<INFOHASH>', '40 hex digits')
    .addOption(bootstrapOption(THROUGH_ROUTERS))
    .action(runs(async () => (await import('./scrape.ts')).scrape))
  const sample = command(program, 'sample', 'Ask node after node which infohashes it stores.')
    .option('--limit <N>', 'end after so many infohashes (default: none)')
    .option('--nodes <N>', 'ask at most so many nodes (default: 100000)')
    .addOption(bootstrapOption(THROUGH_ROUTERS))
    .action(runs(async () => (await import('./sample.ts')).sample))
  for (const each of [ping, lookup]) addAskingOptions(each, ALL_NETWORKS)
  for (const each of [announce, peers, scrape, sample]) addAskingOptions(each, MAINLINE)
}
