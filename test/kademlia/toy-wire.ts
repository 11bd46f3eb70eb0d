// The smallest network that the engine can speak: its messages are JSON, its verbs are ping, find and keep.
// The engine under test is the real one; only what a network brings is toy.
import assert from 'node:assert/strict'
import type { Address, Contact } from '../../src/kademlia/contact.ts'
import { asId, idFromHex, toHex } from '../../src/kademlia/id.ts'
import type { Id } from '../../src/kademlia/id.ts'
import { ProtocolError } from '../../src/kademlia/ports.ts'
import type { LookupQuery, Message, Probes, Refusal, Wire } from '../../src/kademlia/ports.ts'

export interface ToyQuery {
  readonly method: 'ping' | 'find' | 'keep'
  /** find: where to. */
  readonly target?: string
}

export interface ToyReply {
  readonly nodes?: readonly ToyNode[]
  readonly values?: readonly string[]
  /** Whether it would store, and so counts among the closest. */
  readonly token?: boolean
}

/** [id in hex, host, port] */
export type ToyNode = readonly [string, string, number]

/** A message as it stands on the wire. */
export interface ToyMessage {
  readonly t: string
  readonly q?: ToyQuery
  readonly r?: ToyReply
  readonly e?: Refusal
  readonly id?: string
  /** The sender's port, or null when it wants no contact. */
  readonly port?: number | null
  readonly seen?: Address
}

export function write(message: ToyMessage): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message))
}

export function read(bytes: Uint8Array): ToyMessage {
  return JSON.parse(new TextDecoder().decode(bytes)) as ToyMessage
}

export const nodeOf = ({ id, address }: Contact): ToyNode => [toHex(id), address.host, address.port]

/** Speaks for a node with this id. Transactions are hex on the wire. */
export function createToyWire(ownId: () => Id): Wire<ToyQuery, ToyReply> {
  // As the port allows: the next answer overwrites this one.
  const buffer = new Uint8Array(65_536)
  const bytesOf = (hex: string): Uint8Array => idFromHex(hex, hex.length / 2)
  return {
    decode(datagram): Message<ToyQuery, ToyReply> {
      const message = parse(datagram, ownId().length)
      const transaction = bytesOf(message.t)
      const seenAs = message.seen ?? null
      if (message.e !== undefined) {
        const { code, message: text } = message.e
        return { kind: 'error', transaction, seenAs, code, message: text }
      }
      if (message.id === undefined) {
        const isQuery = message.q !== undefined
        throw new ProtocolError('a message has an id', {
          reason: 'no-id',
          answer: isQuery ? { code: 203, message: 'no id', transaction } : null,
          failedTransaction: isQuery ? null : transaction,
        })
      }
      const senderId = asId(bytesOf(message.id))
      if (message.q !== undefined) {
        const { q: query, port = null } = message
        return { kind: 'query', transaction, senderId, dialPort: port, query }
      }
      return { kind: 'reply', transaction, senderId, reply: message.r ?? {}, seenAs }
    },
    encodeQuery: (q, transaction) => write({ t: toHex(transaction), q, id: toHex(ownId()), port: 6881 }),
    encodeReply(r, transaction) {
      const bytes = write({ t: toHex(transaction), r, id: toHex(ownId()) })
      buffer.fill(0)
      buffer.set(bytes)
      return buffer.subarray(0, bytes.length)
    },
    encodeError({ code, message }, transaction) {
      if (transaction.length > 100) throw new ProtocolError('no room for an error', { reason: 'too-big' })
      return write({ t: toHex(transaction), e: { code, message } })
    },
  }
}

/** Checks what the engine is told to trust; everything else may be as it likes. */
function parse(datagram: Uint8Array, idBytes: number): ToyMessage {
  try {
    const message = read(datagram)
    assert.match(message.t, /^([0-9a-f]{2})*$/)
    if (message.id !== undefined) assertId(message.id, idBytes)
    if (message.q !== undefined) assert.ok(['ping', 'find', 'keep'].includes(message.q.method))
    if (typeof message.port === 'number') assert.ok(Number.isInteger(message.port))
    else assert.ok(message.port === undefined || message.port === null)
    if (message.e !== undefined) assert.equal(typeof message.e.code, 'number')
    for (const [id, host, port] of message.r?.nodes ?? []) {
      assertId(id, idBytes)
      assert.ok(typeof host === 'string' && Number.isInteger(port))
    }
    return message
  } catch (error) {
    throw new ProtocolError(String(error), { reason: 'no-json' })
  }
}

function assertId(id: string, idBytes: number): void {
  assert.match(id, /^([0-9a-f]{2})*$/)
  assert.equal(id.length, 2 * idBytes)
}

/** Walks to a target and collects values. A reply without nodes is none. */
export function findToy(
  target: Id,
  options: { enough?: number } = {},
): LookupQuery<ToyQuery, ToyReply, string> {
  let found = 0
  return {
    target,
    question: () => ({ method: 'find', target: toHex(target) }),
    read(reply) {
      if (reply.nodes === undefined) throw new ProtocolError('find: no nodes', { reason: 'no-nodes' })
      const results = reply.values ?? []
      found += results.length
      return {
        closer: reply.nodes.map(([id, host, port]) => ({
          id: idFromHex(id, target.length),
          address: { host, port },
        })),
        results,
        done: found >= (options.enough ?? Infinity),
        counts: reply.token ?? true,
      }
    },
  }
}

export const toyProbes: Probes<ToyQuery, ToyReply> = {
  ping: () => ({ method: 'ping' }),
  closestTo: (target) => findToy(target) as LookupQuery<ToyQuery, ToyReply, never>,
}
