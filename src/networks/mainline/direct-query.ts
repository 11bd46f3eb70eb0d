// Asking one node directly, as users do by ping() and query(): whom, over which family, and how a failure is told.
// Not here: lookups, which ask many (search.ts, announce.ts).
import { familyOf, hostPort } from '../../codecs/compact-address.ts'
import type { Address, Contact } from '../../kademlia/contact.ts'
import type { RequestFailure } from '../../kademlia/requester.ts'
import { badArgument, XorbitError } from '../../node/errors.ts'
import { bare, toAsked, toQuery, type AskedLike, type QueryLike } from './arguments.ts'
import type { FamilyNode } from './family.ts'
import type { MainlineReply } from './messages.ts'
import type { BootstrapHost } from './options.ts'

export interface DirectAnswer {
  readonly contact: Contact
  readonly reply: MainlineReply
  readonly rttMs: number
}

const REASONS: Readonly<Record<RequestFailure, string>> = {
  timeout: 'no answer, though asked again',
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
export async function askDirectly(
  families: readonly FamilyNode[],
  asked: { readonly address: AskedLike; readonly query: QueryLike },
  signal: AbortSignal | undefined,
): Promise<DirectAnswer> {
  const { host, expectedId } = toAsked(asked.address)
  const query = toQuery(asked.query)
  const to = await resolve(families, host)
  const outcome = await familyFor(families, to).runner.ask({ query, to, expectedId }, { signal })
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

function familyFor(families: readonly FamilyNode[], address: Address): FamilyNode {
  const found = families.find(({ family }) => family === familyOf(address.host))
  if (found !== undefined) return found
  throw badArgument('address', `an address of IPv${families[0]!.family}, as this node has`, address.host)
}

/** The first address of a host that one of our families can reach; the host itself where it is an address. */
async function resolve(families: readonly FamilyNode[], host: BootstrapHost): Promise<Address> {
  if (familyOf(host.host) !== null) return host
  const addresses = await Promise.all(families.map((family) => family.resolve(host)))
  const address = addresses.flat()[0]
  if (address === undefined) throw new XorbitError('no-answer', `${host.host}: the name cannot be resolved`)
  return address
}
