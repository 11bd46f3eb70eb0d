// Writing on the nodes closest to a key, with the tokens that they gave: on whom, and what came of it.
// Not here: what is written; that is the network's word.
import type { Address, Contact } from '../kademlia/contact.ts'
import { asId } from '../kademlia/id.ts'
import type { RequestOutcome } from '../kademlia/requester.ts'
import type { Answered } from '../kademlia/walk.ts'

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

/** One of our local nodes, as far as writing needs it. */
export interface Asking<Q> {
  readonly runner: {
    ask(
      request: { readonly query: Q; readonly to: Address; readonly expectedId: Contact['id'] },
      options: { readonly signal: AbortSignal | undefined },
    ): Promise<RequestOutcome<unknown>>
  }
}

/** One of the closest nodes to a key: where to write, from where, and with which token. */
export interface Holder<Local> {
  readonly local: Local
  /** Of our own node the host is 'self'. */
  readonly contact: Contact
  /** At most some 64 bytes; null: our own node, which needs none. */
  readonly token: Uint8Array | null
}

/**
 * The closest nodes of a lookup that counted only who gave a token. Id and token are copied: as views they would keep
 * whole datagrams, and all that was read of them, for as long as the tokens are remembered.
 */
export function holdersOf<Local, R extends { readonly token?: Uint8Array }>(
  local: Local,
  closest: readonly Answered<R>[],
): Holder<Local>[] {
  return closest.map(({ contact: { id, address }, reply, self }) => ({
    local,
    contact: { id: asId(new Uint8Array(id)), address },
    token: self ? null : new Uint8Array(reply!.token!),
  }))
}

/** Whether others took it. What only our own node holds is gone when that is, and nobody finds it. */
export function reachedOthers({ accepted }: WriteReport): boolean {
  return accepted.some(({ host }) => host !== 'self')
}

export interface Writing<Q, Local> {
  /** What to ask one node, with its own token, at the endpoint that gave it (B5-20). */
  readonly query: (token: Uint8Array, holder: Holder<Local>) => Q
  /** Writes into our own store; null: done, else why not. */
  readonly own: (holder: Holder<Local>) => number | string | null
  /** Whether who refuses with this code has it already, which is as good. Default: nobody has. */
  readonly hasIt?: (code: number | string, holder: Holder<Local>) => boolean
  /** So many are enough: who refuses is made up for by the next in line. Default: all of them. */
  readonly enough?: number
  readonly signal?: AbortSignal | undefined
}

/** Writes on as many as are enough, the first ones at once. Rejects only by the signal, or when the node is closed. */
export async function writeOn<Q, Local extends Asking<Q>>(
  key: string,
  holders: readonly Holder<Local>[],
  writing: Writing<Q, Local>,
): Promise<WriteReport> {
  writing.signal?.throwIfAborted()
  /** By the place of the holder; null: it took it. Without an entry it was not asked. */
  const codes = new Map<number, number | string | null>()
  let next = 0
  const writeOnOne = async (): Promise<void> => {
    while (next < holders.length) {
      const place = next++
      const code = await writeOne(holders[place]!, writing)
      codes.set(place, code)
      if (code === null) return
    }
  }
  const atOnce = Math.min(writing.enough ?? holders.length, holders.length)
  await Promise.all(Array.from({ length: atOnce }, writeOnOne))
  const accepted: Address[] = []
  const refused: Refused[] = []
  for (const [place, { contact }] of holders.entries()) {
    const code = codes.get(place)
    if (code === null) accepted.push(contact.address)
    else if (code !== undefined) refused.push({ ...contact.address, code })
  }
  return { key, stored: accepted.length, asked: codes.size, accepted, refused }
}

/** null: it took it, or has it already; else why not. */
async function writeOne<Q, Local extends Asking<Q>>(
  holder: Holder<Local>,
  writing: Writing<Q, Local>,
): Promise<number | string | null> {
  const code = await codeOf(holder, writing)
  return code !== null && writing.hasIt?.(code, holder) === true ? null : code
}

async function codeOf<Q, Local extends Asking<Q>>(
  holder: Holder<Local>,
  { query, own, signal }: Writing<Q, Local>,
): Promise<number | string | null> {
  const { local, contact, token } = holder
  if (token === null) return own(holder)
  const outcome = await local.runner.ask(
    { query: query(token, holder), to: contact.address, expectedId: contact.id },
    { signal },
  )
  if (outcome.kind === 'reply') return null
  return outcome.kind === 'error' ? outcome.refusal.code : outcome.why
}
