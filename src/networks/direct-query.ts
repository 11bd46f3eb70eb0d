// Asking one node directly, as users do by ping() and query(): whom, over which family, and how a failure is told.
// Not here: lookups, which ask many, and what a query may be (each network's arguments.ts).
import { familyOf, hostPort } from '../codecs/compact-address.ts'
import type { Address, Contact } from '../kademlia/contact.ts'
import type { Id } from '../kademlia/id.ts'
import type { RequestFailure } from '../kademlia/requester.ts'
import { badArgument, XorbitError } from '../node/errors.ts'
import type { HostPort, LocalNode } from '../node/local-node.ts'
import { bare } from '../node/node-life.ts'

export interface DirectAnswer<R> {
  readonly contact: Contact
  readonly reply: R
  readonly rttMs: number
}

const REASONS: Readonly<Record<RequestFailure, string>> = {
  timeout: 'no answer in time',
  unreachable: 'cannot be reached',
  malformed: 'the answer is malformed',
  imposter: 'another id answered than expected',
  overload: 'too many requests of ours are under way',
  'not-dialable':
    'not an address that a node of this network dials (a loopback or private address needs a private network)',
  cancelled: 'given up',
  closed: 'the node is closed',
}

/** Throws XorbitError 'bad-argument', 'no-answer', or 'refused' with the error code. */
export async function askDirectly<Q extends { readonly method: string }, R>(
  locals: readonly LocalNode<Q, R>[],
  asked: { readonly host: HostPort; readonly expectedId: Id | null; readonly query: Q },
  signal: AbortSignal | undefined,
): Promise<DirectAnswer<R>> {
  const { host, expectedId, query } = asked
  const to = await resolve(locals, host)
  const outcome = await localFor(locals, to).runner.ask({ query, to, expectedId }, { signal })
  if (outcome.kind === 'reply') {
    return { contact: bare(outcome.contact), reply: outcome.reply, rttMs: outcome.rttMs }
  }
  const where = hostPort(to)
  if (outcome.kind === 'failed') {
    throw new XorbitError('no-answer', `${where}: ${REASONS[outcome.why]}`, { why: outcome.why })
  }
  const { refusal } = outcome
  throw new XorbitError('refused', `${where} answered with error ${refusal.code}: ${refusal.message}`, {
    refusal,
  })
}

function localFor<Local extends { readonly local: Address }>(
  locals: readonly Local[],
  address: Address,
): Local {
  const family = familyOf(address.host)
  const found = locals.find(({ local }) => familyOf(local.host) === family)
  if (found !== undefined) return found
  const own = familyOf(locals[0]!.local.host)
  throw badArgument('address', `an address of IPv${own}, as this node has`, address.host)
}

/** The first address of a host that one of our local nodes can reach; the host itself where it is an address. */
async function resolve(
  locals: readonly { resolve(host: HostPort): Promise<readonly Address[]> }[],
  host: HostPort,
): Promise<Address> {
  if (familyOf(host.host) !== null) return host
  const addresses = await Promise.all(locals.map((local) => local.resolve(host)))
  const address = addresses.flat()[0]
  if (address === undefined) throw new XorbitError('no-answer', `${host.host}: the name cannot be resolved`)
  return address
}
