// The node of a command that asks something and ends: read-only (BEP 43), on any free port, in memory, joined before the
// question is asked. Not here: the questions.
import { hostPort } from '../codecs/compact-address.ts'
import { toHex } from '../kademlia/id.ts'
import { Mainline } from '../networks/mainline/open.ts'
import { PUBLIC_ROUTERS } from '../networks/mainline/bootstrap-hosts.ts'
import type { MainlineOptions } from '../networks/mainline/options.ts'
import type { JoinReport } from '../node/joining.ts'
import { TransportError } from '../transports/transport-error.ts'
import { readNodeOptions, readPort, type NodeFlags, type NodeOptions } from './arguments.ts'
import { milliseconds, readDuration } from './duration.ts'
import { Ending } from './ending.ts'
import { Failure, FOUND, inFlags, misuse, MISUSE } from './failure.ts'
import { counted, type Output, type OutputFlags } from './output.ts'
import { withProgress } from './progress.ts'

/** Options of every command that asks something, as commander gives them. */
export interface AskingFlags extends NodeFlags, OutputFlags {
  readonly timeout: string
  readonly listenPort: string
}

/** What a question is asked with. */
export interface Session {
  readonly node: Mainline
  /** What may end the command early: pass its signal to what is asked. */
  readonly ending: Ending
}

/** Opens a node, joins, asks, closes. Throws Failure when nobody answers. */
export async function withJoinedNode(
  flags: AskingFlags,
  output: Output,
  ask: (session: Session) => Promise<number>,
): Promise<number> {
  return withEnding(flags, output, (ending) => withSession({ flags, output, ending }, ask))
}

/** The same for a command that has begun already, by reading what it shall send. */
export async function withSession(
  { flags, output, ending }: { flags: AskingFlags; output: Output; ending: Ending },
  ask: (session: Session) => Promise<number>,
): Promise<number> {
  const options = readAskingOptions(flags)
  return withNode(options, { flags, output }, async (node) => {
    const joining = ending.unlessEnded(node.join(), (limit) =>
      hasAnswer(node) ? null : `nobody answered within ${limit}; tried ${tried(options.bootstrap)}`,
    )
    const joined = await withProgress(output, `joining through ${tried(options.bootstrap)}`, joining)
    output.detail(shownJoin(joined))
    if (joined.via === 'nobody') throw new Failure('no-answer', nobodyAnswered(options, joined))
    return ask({ node, ending })
  })
}

/** Throws Failure also where nobody could be asked. */
export function readAskingOptions(flags: AskingFlags): NodeOptions {
  const options = readNodeOptions(flags)
  if (options.bootstrap !== 'none') return options
  throw misuse('--bootstrap', 'HOST:PORT, for a node that asks needs somebody to ask', 'none')
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
export async function withNode(
  options: NodeOptions,
  { flags, output }: { flags: AskingFlags; output: Output },
  ask: (node: Mainline) => Promise<number>,
): Promise<number> {
  const port = readPort('--listen-port', flags.listenPort, 0)
  const node = await open({ ...options, port, store: 'memory', readOnly: true })
  output.detail(`asking from ${node.addresses.map(hostPort).join(' and ')} as ${toHex(node.id)}`)
  try {
    return await ask(node)
  } finally {
    await node.close()
  }
}

function hasAnswer(node: Mainline): boolean {
  return node
    .stats()
    .families.some(({ methods }) => Object.values(methods).some(({ answered }) => answered > 0))
}

/** Whom a node with these options joins through, for people. */
export function tried(bootstrap: NodeOptions['bootstrap']): string {
  const hosts = Array.isArray(bootstrap) ? (bootstrap as readonly string[]) : PUBLIC_ROUTERS.map(hostPort)
  return hosts.join(', ')
}

/** One line: nobody answered, who was asked, what to do. */
export function nobodyAnswered(options: NodeOptions, joined: JoinReport): string {
  const unresolved =
    joined.bootstrap.length === 0 ? ' (no name could be resolved to an address that fits)' : ''
  return (
    `nobody answered; tried ${tried(options.bootstrap)}${unresolved}. ` +
    'Is the network up? Another node to join through is given by --bootstrap HOST:PORT'
  )
}

export function shownJoin({ via, contacts, bootstrap }: JoinReport): string {
  const attempts = bootstrap.map(
    ({ address, rttMs }) => `${hostPort(address)} ${rttMs === null ? 'silent' : milliseconds(rttMs)}`,
  )
  const asked = attempts.length === 0 ? '' : ` (${attempts.join(', ')})`
  return `joined through ${via}${asked}: ${counted(contacts, 'contact')}`
}

/** Here --port, where there is one, is not the port of the node. */
async function open(options: MainlineOptions): Promise<Mainline> {
  try {
    return await Mainline.open(options)
  } catch (error) {
    if (!(error instanceof TransportError)) throw error
    throw new Failure(error.code, inFlags(error.message, '--listen-port'), MISUSE, { cause: error })
  }
}
