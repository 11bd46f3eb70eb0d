// Writing on the nodes closest to a key, with the tokens that they gave (BEP 5, BEP 44): on whom, and what came of it.
// What announce.ts and items/publisher.ts share. Not here: what is written.
import type { Address, Contact } from '../../kademlia/contact.ts'
import { asId } from '../../kademlia/id.ts'
import type { Answered } from '../../kademlia/walk.ts'
import type { FamilyNode } from './family.ts'
import type { MainlineQuery, MainlineReply } from './messages.ts'

/** Why a node did not take a write: its error code, or why there was no answer. */
export interface Refused extends Address {
  readonly code: number | string
}

/** What came of a write. */
export interface WriteReport {
  /** The key, as lower-case hex. */
  readonly key: string
  /** Nodes that took it, or have it already; our own among them where it is one of the closest (`self`). */
  readonly stored: number
  /** Nodes that were asked to. */
  readonly asked: number
  /** 'self' as host is our own node. */
  readonly accepted: readonly Address[]
  readonly refused: readonly Refused[]
}

/** One of the closest nodes to a key: where to write, and with which token. */
export interface Holder {
  readonly family: FamilyNode
  /** Of our own node the host is 'self'. */
  readonly contact: Contact
  /** 0 … 64 bytes; null: our own node, which needs none. */
  readonly token: Uint8Array | null
}

/**
 * The closest nodes of a lookup that counted only who gave a token. Id and token are copied: as views they would keep
 * whole datagrams, and all that was read of them, for as long as the tokens are remembered.
 */
export function holdersOf(family: FamilyNode, closest: readonly Answered<MainlineReply>[]): Holder[] {
  return closest.map(({ contact: { id, address }, reply, self }) => ({
    family,
    contact: { id: asId(new Uint8Array(id)), address },
    token: self ? null : new Uint8Array(reply!.token!),
  }))
}

/** Whether others took it. What only our own node holds is gone when that is, and nobody finds it. */
export function reachedOthers({ accepted }: WriteReport): boolean {
  return accepted.some(({ host }) => host !== 'self')
}

export interface Writing {
  /** What to ask one node, with its own token, at the endpoint that gave it (B5-20). */
  readonly query: (token: Uint8Array, holder: Holder) => MainlineQuery
  /** Writes into our own store; null: done, else why not. */
  readonly own: (holder: Holder) => number | string | null
  /** Whether who refuses with this code has it already, which is as good. Default: nobody has. */
  readonly hasIt?: (code: number | string, holder: Holder) => boolean
  readonly signal?: AbortSignal | undefined
}

/** Writes on all of them at once. Rejects only by the signal, or when the node is closed. */
export async function writeOn(
  key: string,
  holders: readonly Holder[],
  writing: Writing,
): Promise<WriteReport> {
  writing.signal?.throwIfAborted()
  const codes = await Promise.all(holders.map((holder) => writeOne(holder, writing)))
  const accepted: Address[] = []
  const refused: Refused[] = []
  for (const [index, holder] of holders.entries()) {
    const code = codes[index]!
    const { address } = holder.contact
    if (code === null || writing.hasIt?.(code, holder) === true) accepted.push(address)
    else refused.push({ ...address, code })
  }
  return { key, stored: accepted.length, asked: holders.length, accepted, refused }
}

/** null: it took it; else why not. */
async function writeOne(holder: Holder, writing: Writing): Promise<number | string | null> {
  const { family, contact, token } = holder
  if (token === null) return writing.own(holder)
  const outcome = await family.runner.ask(
    { query: writing.query(token, holder), to: contact.address, expectedId: contact.id },
    { signal: writing.signal },
  )
  if (outcome.kind === 'reply') return null
  return outcome.kind === 'error' ? outcome.refusal.code : outcome.why
}
