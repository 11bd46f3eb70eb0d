// The commands of xorbit: names, arguments, options, help. Each is loaded from its own file when it is run.
// Not here: what their values mean (arguments.ts) and what they do.
import { Command, CommanderError, Option } from 'commander'
import { FOUND, MISUSE, Stopped, tell, toFailure } from './failure.ts'
import { Output, type OutputFlags } from './output.ts'

/** What a command's own file is handed besides its arguments. */
export interface Call<Flags> {
  readonly flags: Flags
  readonly output: Output
  readonly version: string
}

type Run<Flags> = (words: readonly string[], call: Call<Flags>) => Promise<number>

/** Runs the command that the words name; resolves with the exit code and rejects never. */
export async function runProgram(words: readonly string[], version: string): Promise<number> {
  let exitCode: number = FOUND
  const program = createProgram(version, (code) => (exitCode = code))
  try {
    await program.parseAsync(words, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof Stopped) return error.exitCode
    // Help that was asked for, and help that is shown because nothing was asked.
    if (error instanceof CommanderError && error.exitCode === 0) return FOUND
    if (error instanceof CommanderError && error.code === 'commander.help') return MISUSE
    const failure = toFailure(error, error instanceof CommanderError ? hint(program, words, error) : '')
    // Of a command line that could not be read nothing is known but its words.
    tell(failure, { json: words.includes('--json'), verbose: words.includes('--verbose') })
    return failure.exitCode
  }
}

/** What would have been allowed, unless commander has guessed what was meant. */
function hint(program: Command, words: readonly string[], error: CommanderError): string {
  if (error.message.includes('Did you mean')) return ''
  const names = program.commands.map((each) => each.name())
  if (error.code === 'commander.unknownCommand') return `; commands are ${names.join(', ')}`
  const named = words.find((word) => names.includes(word))
  return `; see xorbit ${named === undefined ? '' : `${named} `}--help`
}

function createProgram(version: string, exit: (code: number) => void): Command {
  const program = new Command('xorbit')
    .description('A node of a Kademlia distributed hash table: finds peers with no server anywhere.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help; also `xorbit COMMAND --help`')
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError()
    .addHelpText('after', EXAMPLES['xorbit']!)

  /** An action that loads the command's file, runs it and keeps its exit code. */
  const runs =
    <Flags extends OutputFlags>(load: () => Promise<Run<Flags>>) =>
    async (...given: unknown[]): Promise<void> => {
      // commander hands over the arguments, the options and the command.
      const flags = given.at(-2) as Flags
      const output = new Output(flags)
      exit(await (await load())(given.slice(0, -2) as string[], { flags, output, version }))
    }
  addNodes(program, runs)
  addQuestions(program, runs)
  return program
}

type Runs = <Flags extends OutputFlags>(
  load: () => Promise<Run<Flags>>,
) => (...given: unknown[]) => Promise<void>

/** The commands that stay until Ctrl-C. */
function addNodes(program: Command, runs: Runs): void {
  const start = command(program, 'start', 'Run a node until Ctrl-C.')
    .option('--host <ADDRESS>', 'listen on this address; once, or once for IPv4 and once for IPv6', collect)
    .option('--port <PORT>', 'UDP port to listen on; 0 takes any free one', '6881')
    .addOption(bootstrapOption())
    .option(
      '--store <FILE|memory>',
      "where to keep id, contacts and peers (default: in the user's data folder)",
    )
    .option('--api <HOST:PORT|off>', 'where to serve the HTTP API; only `off` works today', 'off')
    .option('--testnet <N>', 'run N more nodes on loopback, around this one')
    .option('--read-only', 'ask, but answer nothing (BEP 43)')
    .option('--no-rate-limit', 'answer without limits, for a benchmark')
    .addOption(privateOption())
    .action(runs(async () => (await import('./start.ts')).start))
  addOptionsOfAll(start, 'how long joining may take before it goes on in the background')
  const testnet = command(
    program,
    'testnet',
    'Run N nodes on loopback until Ctrl-C, and print where to join them.',
  )
    .argument('<N>', 'how many nodes')
    .option('--host <ADDRESS>', 'listen on this loopback or private address', '127.0.0.1')
    .action(runs(async () => (await import('./testnet.ts')).testnet))
  addOptionsOfAll(testnet, 'how long they may take to join')
}

/** The commands that ask something and end. */
function addQuestions(program: Command, runs: Runs): void {
  const ping = command(program, 'ping', 'Ask one node whether it is there.')
    .argument('<HOST:PORT>', 'the node; HOST may be a name')
    .action(runs(async () => (await import('./ping.ts')).ping))
  const lookup = command(program, 'lookup', 'Walk to the nodes closest to an id, and show the way.')
    .argument('<ID>', '40 hex digits: a node id, an infohash, any point')
    .addOption(bootstrapOption())
    .action(runs(async () => (await import('./lookup.ts')).lookup))
  const announce = command(
    program,
    'announce',
    'Tell the network that a peer of an infohash is on this host.',
  )
    .argument('<INFOHASH>', '40 hex digits')
    .requiredOption('--port <PEERPORT>', 'TCP port on which the peer listens')
    .option('--keep-alive', 'stay and announce again before it expires, until Ctrl-C')
    .addOption(bootstrapOption())
    .action(runs(async () => (await import('./announce.ts')).announce))
  const peers = command(program, 'peers', 'Find peers of an infohash.')
    .argument('<INFOHASH>', '40 hex digits')
    .addOption(bootstrapOption())
    .action(runs(async () => (await import('./peers.ts')).peers))
  for (const each of [ping, lookup, announce, peers]) {
    each
      .option('--host <ADDRESS>', 'ask from this address; once, or once for IPv4 and once for IPv6', collect)
      .addOption(new Option('--listen-port <PORT>', 'UDP port of our own node').default('0', 'any free one'))
      .addOption(privateOption())
    addOptionsOfAll(each, 'how long to wait at most')
  }
}

function command(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', EXAMPLES[name]!)
}

function addOptionsOfAll(it: Command, timeoutHelp: string): void {
  it.option('--network <NETWORK>', 'only `mainline` today: the BitTorrent DHT', 'mainline')
    .option('--timeout <DURATION>', `${timeoutHelp}: 500ms, 5s, or 5 (seconds)`, '30s')
    .option('--json', 'print one JSON object a line')
    .option('--verbose', 'tell more, on stderr')
}

function bootstrapOption(): Option {
  const help = 'join through this node; may be repeated; `none`: through nobody (default: the public routers)'
  return new Option('--bootstrap <HOST:PORT>', help).argParser(collect)
}

function privateOption(): Option {
  const help = 'loopback and private addresses are contacts too (default: as --host and --bootstrap suggest)'
  return new Option('--private', help)
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

const HASH = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a'

/** What stands below the help of each command. */
const EXAMPLES: Readonly<Record<string, string>> = {
  xorbit: `
Examples:
  $ xorbit start --testnet 16                                  a network of 17 nodes on this machine
  $ xorbit announce ${HASH} --port 8080 --bootstrap 127.0.0.1:6881
  $ xorbit peers ${HASH} --bootstrap 127.0.0.1:6881

Exit code: 0 found or done, 1 no answer, 2 misuse.`,
  start: `
Examples:
  $ xorbit start                                   a node of the public BitTorrent DHT
  $ xorbit start --testnet 16                      on loopback, with 16 more around it
  $ xorbit start --host 127.0.0.1 --port 7000 --bootstrap 127.0.0.1:6881 --store second.sqlite`,
  testnet: `
Examples:
  $ xorbit testnet 50
  $ xorbit testnet 50 --json                       {"event":"listening","bootstrap":["127.0.0.1:40001",...],...}`,
  ping: `
Examples:
  $ xorbit ping 127.0.0.1:6881
  $ xorbit ping router.bittorrent.com:6881 --timeout 2s
  $ xorbit ping '[::1]:6881' --json                {"id":"...","host":"::1","port":6881,"rttMs":0.4}`,
  lookup: `
Examples:
  $ xorbit lookup ${HASH}
  $ xorbit lookup ${HASH} --bootstrap 127.0.0.1:6881 --json`,
  announce: `
Examples:
  $ xorbit announce ${HASH} --port 8080
  $ xorbit announce ${HASH} --port 8080 --keep-alive --bootstrap 127.0.0.1:6881`,
  peers: `
Examples:
  $ xorbit peers ${HASH}
  $ xorbit peers ${HASH} --bootstrap 127.0.0.1:6881 | head -1`,
}
