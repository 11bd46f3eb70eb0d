// What drogulus asks on a lookup and what an answer means: findnode, and findvalue until the first value that holds good
// (drogulus B7). Not here: how it is written (wire.ts), the walk (kademlia/walk.ts), reading the newest (values/reader.ts).
import type { Contact } from '../../kademlia/contact.ts'
import type { Id } from '../../kademlia/id.ts'
import { ProtocolError, type LookupQuery, type Probes } from '../../kademlia/ports.ts'
import type { DrogulusQuery, DrogulusReply, SignedValue } from './messages.ts'

export type DrogulusLookup<T> = LookupQuery<DrogulusQuery, DrogulusReply, T>

/** Whether a contact that others name may be asked: false for those that were banned. */
export type IsWelcome = (contact: Contact) => boolean

/** Walks to the nodes closest to a target. */
export function findNode(target: Id, isWelcome: IsWelcome): DrogulusLookup<never> {
  const question: DrogulusQuery = { method: 'findnode', key: target, anyPort: true }
  return {
    target,
    question: () => question,
    read: ({ nodes }) => {
      if (nodes === undefined)
        throw new ProtocolError('findnode: the answer is no nodes', { reason: 'no-nodes' })
      return { closer: nodes.filter(isWelcome), results: [], done: false, counts: true }
    },
  }
}

/** Walks towards a key until somebody answers with a value that `accept` takes; who has none names contacts. */
export function findValue(
  key: Id,
  {
    isWelcome,
    accept,
  }: { readonly isWelcome: IsWelcome; readonly accept: (item: SignedValue, from: Contact) => boolean },
): DrogulusLookup<SignedValue> {
  const question: DrogulusQuery = { method: 'findvalue', key, anyPort: true }
  return {
    target: key,
    question: () => question,
    read: ({ nodes, item }, from) => {
      if (item !== undefined) {
        const isTaken = accept(item, from)
        return { closer: [], results: isTaken ? [item] : [], done: isTaken, counts: true }
      }
      if (nodes === undefined)
        throw new ProtocolError('findvalue: the answer is neither', { reason: 'no-nodes' })
      return { closer: nodes.filter(isWelcome), results: [], done: false, counts: true }
    },
  }
}

export function createProbes(isWelcome: IsWelcome): Probes<DrogulusQuery, DrogulusReply> {
  return { ping: () => ({ method: 'ping' }), closestTo: (target) => findNode(target, isWelcome) }
}
