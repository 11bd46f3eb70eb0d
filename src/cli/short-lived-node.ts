// The node of a command that asks something and ends: read-only, so that it enters no table (on mainline BEP 43), on any
// free port, in memory, joined before the question is asked. Not here: the questions.
import { hostPort } from '../codecs/compact-address.ts'
import { toHex } from '../kademlia/id.ts'
import type { JoinReport } from '../node/joining.ts'
import { TransportError } from '../transports/transport-error.ts'
import { readNodeOptions, readPort, type NodeFlags, type NodeOptions } from './arguments.ts'
import { milliseconds, readDuration } from './duration.ts'
import { Ending } from './ending.ts'
import { Failure, FOUND, inFlags, misuse, MISUSE } from './failure.ts'
import type { AnyNode, Network, OpenOptions } from './network.ts'
import { joinsNobody } from './networks.ts'
import { counted, type Output, type OutputFlags } from './output.ts'
import { withProgress } from './progress.ts'
import { inNetwork } from './suggestions.ts'

/** Options of every command that asks something, as commander gives them. */
export interface AskingFlags extends NodeFlags, OutputFlags {
  readonly timeout: string
  readonly listenPort: string
}

/** What a question is asked with. */
export interface Session<Node extends AnyNode> {
  readonly node: Node
  /** What may end the command early: pass its signal to what is asked. */
  readonly ending: Ending
}

/** In which network a node is opened, and for which command. */
export interface Asking<Node extends AnyNode> {
  readonly network: Network<Node>
  readonly flags: AskingFlags
  readonly output: Output
}

/** Opens a node, joins, asks, closes. Throws Failure when nobody answers. */
export async function withJoinedNode<Node extends AnyNode>(
  network: Network<Node>,
  { flags, output }: { flags: AskingFlags; output: Output },
  ask: (session: Session<Node>) => Promise<number>,
): Promise<number> {
  return withEnding(flags, output, (ending) => withSession({ network, flags, output, ending }, ask))
}

/** The same for a command that has begun already, by reading what it shall send. `readOnly`: true unless it says else. */
export async function withSession<Node extends AnyNode>(
  session: Asking<Node> & { readonly ending: Ending; readonly readOnly?: boolean },
  ask: (session: Session<Node>) => Promise<number>,
): Promise<number> {
  const { network, flags, output, ending, readOnly = true } = session
  const options = { ...readAskingOptions(network, flags), readOnly }
  const whom = tried(network, options)
  return withNode(session, options, async (node) => {
    const joining = ending.unlessEnded(node.join(), (limit) =>
      hasAnswer(node) ? null : `nobody answered within ${limit}; tried ${whom}`,
    )
    const joined = await withProgress(output, `joining through ${whom}`, joining)
    output.detail(shownJoin(joined))
    if (joined.via === 'nobody')
      throw new Failure('no-answer', nobodyAnswered(whom, joined, network.doubt(options)))
    return ask({ node, ending })
  })
}

/** Throws Failure also where nobody could be asked. */
export function readAskingOptions(network: Network, flags: AskingFlags): NodeOptions {
  const options = readNodeOptions(network, flags)
  if (options.bootstrap === 'none') {
    throw misuse('--bootstrap', 'HOST:PORT, for a node that asks needs somebody to ask', 'none')
  }
  if (joinsNobody(network, options)) throw nobodyIsKnown(network, options)
  return options
}

function nobodyIsKnown(network: Network, options: NodeOptions): Failure {
  const whose = network.builtIn.length === 0 ? network.name : 'a private network'
  const message =
    `missing --bootstrap HOST:PORT, a node to ask through, for no node of ${whose} is known to the world. ` +
    `To try it, run npx xorbit start --testnet 16${inNetwork(network, options)} in another terminal, ` +
    `and add --bootstrap 127.0.0.1:${network.defaultPort} here`
  return new Failure('bad-argument', message, MISUSE)
}

/** What a command with --keep-alive does when it is done: it stays, and its node works. */
export async function staysUntilStopped(ending: Ending, output: Output, why: string): Promise<number> {
  ending.liftTimeLimit()
  output.note(`Stays, ${why}. Ctrl-C ends that.`)
  await ending.whenStopped()
  output.note('stopping')
  return FOUND
}

/** Runs what --timeout and Ctrl-C end. */
export async function withEnding(
  flags: Pick<AskingFlags, 'timeout'>,
  output: Output,
  run: (ending: Ending) => Promise<number>,
): Promise<number> {
  const ending = new Ending(output, readDuration('--timeout', flags.timeout))
  try {
    return await run(ending)
  } finally {
    ending.dispose()
  }
}

/** Opens a node, which joins in the background if its options say through whom, asks, closes. */
export async function withNode<Node extends AnyNode>(
  { network, flags, output }: Asking<Node>,
  options: OpenOptions,
  ask: (node: Node) => Promise<number>,
): Promise<number> {
  const port = readPort('--listen-port', flags.listenPort, 0)
  const node = await open(network, { ...options, port, store: 'memory' })
  output.detail(`asking from ${node.addresses.map(hostPort).join(' and ')} as ${toHex(node.id)}`)
  try {
    return await ask(node)
  } finally {
    await node.close()
  }
}

function hasAnswer(node: AnyNode): boolean {
  return node
    .stats()
    .families.some(({ methods }) => Object.values(methods).some(({ answered }) => answered > 0))
}

/** Whom a node with these options joins through, for people. */
export function tried({ builtIn }: Network, { bootstrap }: NodeOptions): string {
  const hosts = Array.isArray(bootstrap) ? (bootstrap as readonly string[]) : builtIn.map(hostPort)
  return hosts.join(', ')
}

/** One line: nobody answered, who was asked, what to do. */
function nobodyAnswered(whom: string, joined: JoinReport, doubt: string): string {
  const unresolved =
    joined.bootstrap.length === 0 ? ' (no name could be resolved to an address that fits)' : ''
  return (
    `nobody answered; tried ${whom}${unresolved}. ` +
    `Is the network up? ${doubt === '' ? '' : `${doubt}. `}Another node to join through is given by --bootstrap HOST:PORT`
  )
}

function shownJoin({ via, contacts, bootstrap }: JoinReport): string {
  const attempts = bootstrap.map(
    ({ address, rttMs }) => `${hostPort(address)} ${rttMs === null ? 'silent' : milliseconds(rttMs)}`,
  )
  const asked = attempts.length === 0 ? '' : ` (${attempts.join(', ')})`
  return `joined through ${via}${asked}: ${counted(contacts, 'contact')}`
}

/** Here --port, where there is one, is not the port of the node. */
async function open<Node extends AnyNode>(network: Network<Node>, options: OpenOptions): Promise<Node> {
  try {
    return await network.open(options)
  } catch (error) {
    if (!(error instanceof TransportError)) throw error
    throw new Failure(error.code, inFlags(error.message, '--listen-port'), MISUSE, { cause: error })
  }
}
