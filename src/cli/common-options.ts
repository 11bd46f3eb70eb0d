// The options that several commands share, and what every command has: help with examples, --timeout, --json, --verbose.
// Not here: which command has which (commands.ts, item-commands.ts and the like), and what their values mean (arguments.ts).
import { Option, type Command } from 'commander'
import { EXAMPLES } from './examples.ts'
import type { NetworkName } from './network.ts'
import { readNetworkName } from './networks.ts'
import type { OutputFlags } from './output.ts'
import type { Run } from './program.ts'

/** Makes the action of a command: loads its file, runs it and keeps its exit code. */
export type Runs = <Flags extends OutputFlags>(
  load: (flags: Flags) => Promise<Run<Flags>>,
) => (...given: unknown[]) => Promise<void>

export function command(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', EXAMPLES[name]!)
}

/** Of a command that asks something with a node of its own, and ends. */
export function addAskingOptions(it: Command, networks: readonly NetworkName[]): void {
  const several = networks.includes('mainline') ? '; on mainline it may be repeated' : ''
  it.option('--host <ADDRESS>', `ask from this address${several}`, collect)
    .addOption(new Option('--listen-port <PORT>', 'port of our own node').default('0', 'any free one'))
    .addOption(privateOption())
  if (networks.includes('drogulus')) addDrogulusWire(it)
  addOptionsOfAll(it, networks, 'how long to wait at most')
}

/** How all nodes of a drogulus network talk. */
export function addDrogulusWire(it: Command): void {
  it.option('--no-tls', 'drogulus: plain TCP, where all nodes have it so')
  it.option(
    '--revision <REVISION>',
    'drogulus: the wire and the signatures of `july-2013` or `october-2013` (default: july-2013)',
  )
}

/** `networks`: those that the command works in, the default first. */
export function addOptionsOfAll(it: Command, networks: readonly NetworkName[], timeoutHelp: string): void {
  it.addOption(networkOption(networks))
    .option('--timeout <DURATION>', `${timeoutHelp}: 500ms, 5s, or 5 (seconds)`, '30s')
    .option('--json', 'print one JSON object a line')
    .option('--verbose', 'tell more, on stderr')
}

function networkOption(networks: readonly NetworkName[]): Option {
  const help = networks.map((name) => NETWORK_HELP[name]).join('; ')
  return new Option('--network <NETWORK>', networks.length === 1 ? `only ${help}` : help)
    .default(networks[0])
    .argParser((text) => readNetworkName(text, networks))
}

const NETWORK_HELP: Readonly<Record<NetworkName, string>> = {
  mainline: '`mainline`: the BitTorrent DHT',
  khashmir: '`khashmir`: the DHT under apt-p2p',
  drogulus: '`drogulus`: the DHT of signed values',
}

/** `otherwise`: what happens without it. */
export function bootstrapOption(otherwise: string): Option {
  return new Option(
    '--bootstrap <HOST:PORT>',
    `join through this node; may be repeated${otherwise}`,
  ).argParser(collect)
}

export const THROUGH_ROUTERS = ' (default: the public routers)'
export const ROUTERS_OR_NEEDED = ' (default: the public routers of mainline; needed on the others)'

export function privateOption(): Option {
  const help = 'loopback and private addresses are contacts too (default: as --host and --bootstrap suggest)'
  return new Option('--private', help)
}

export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
