// Reads queries: which method, and the arguments that it wants. The fields have been found already (decode.ts).
import { BencodeCursor, TOKEN } from '../../../codecs/bencode-cursor.ts'
import { ENVELOPE } from '../../../codecs/bencode-value.ts'
import type { Address } from '../../../kademlia/contact.ts'
import { asId } from '../../../kademlia/id.ts'
import type { Id } from '../../../kademlia/id.ts'
import type { QueryMessage } from '../../../kademlia/ports.ts'
import { isAllZero } from '../../krpc/contact-form.ts'
import { bytesOf, found, integerOf, nameOf } from '../../krpc/fields.ts'
import { drop, refuseWith } from '../../refuse.ts'
import { ascii } from '../../krpc/writer.ts'
import { ERROR } from '../messages.ts'
import type { MainlineQuery, Want } from '../messages.ts'
import { ID_BYTES, MAX_TRANSACTION_BYTES } from './bounds.ts'
import { readPut } from './decode-item.ts'
import { ARGUMENT, args, isFlag, isOne, seqOf, TOP, top } from './fields.ts'
import { readToken, refuse, requireId } from './refuse.ts'

const METHODS = [
  'ping',
  'find_node',
  'get_peers',
  'announce_peer',
  'get',
  'put',
  'sample_infohashes',
] as const
const METHOD_BYTES = METHODS.map(ascii)

type MethodName = (typeof METHODS)[number]

const PING: MainlineQuery = { method: 'ping' }

const N = 0x6e

const items = new BencodeCursor(ENVELOPE)

/** Throws ProtocolError, as decodeMessage says. */
export function readQuery(
  bytes: Uint8Array,
  transaction: Uint8Array,
  from: Address,
): QueryMessage<MainlineQuery> {
  if (transaction.length > MAX_TRANSACTION_BYTES) {
    drop(
      'transaction-too-long',
      `t must be at most ${MAX_TRANSACTION_BYTES} bytes, got ${transaction.length}`,
    )
  }
  if (!top.is(TOP.q, TOKEN.string)) refuse(transaction, `q must be a byte string, got ${found(top, TOP.q)}`)
  const method = METHODS[nameOf(bytes, [top, TOP.q], METHOD_BYTES)] ?? null
  if (!top.is(TOP.a, TOKEN.dictionary)) {
    refuse(transaction, `${method ?? 'query'}: a must be a dictionary, got ${found(top, TOP.a)}`)
  }
  requireId(ARGUMENT.id, 'id', method ?? 'query', transaction)
  return {
    kind: 'query',
    transaction,
    senderId: asId(bytesOf(bytes, args, ARGUMENT.id)),
    dialPort: isFlag(bytes, top, TOP.ro) ? null : from.port,
    query: method === null ? readUnknown(bytes, transaction) : readKnown(bytes, method, transaction),
  }
}

function readKnown(bytes: Uint8Array, method: MethodName, transaction: Uint8Array): MainlineQuery {
  switch (method) {
    case 'ping':
      return PING
    case 'find_node':
    case 'sample_infohashes':
      return { method, target: readTarget(bytes, method, transaction), want: readWant(bytes) }
    case 'get': {
      const target = readTarget(bytes, method, transaction)
      // A seq that is none only spares us nothing: it is as if it were absent, and the whole item is the answer.
      return { method, target, want: readWant(bytes), seq: seqOf(bytes, args, ARGUMENT.seq) }
    }
    case 'put':
      return readPut(bytes, transaction)
    case 'get_peers':
    case 'announce_peer':
      return readPeers(bytes, method, transaction)
  }
}

function readTarget(bytes: Uint8Array, method: MethodName, transaction: Uint8Array): Id {
  requireId(ARGUMENT.target, 'target', method, transaction)
  return asId(bytesOf(bytes, args, ARGUMENT.target))
}

function readPeers(
  bytes: Uint8Array,
  method: 'get_peers' | 'announce_peer',
  transaction: Uint8Array,
): MainlineQuery {
  requireId(ARGUMENT.info_hash, 'info_hash', method, transaction)
  const infoHash = asId(bytesOf(bytes, args, ARGUMENT.info_hash))
  if (method === 'announce_peer') return readAnnounce(bytes, infoHash, transaction)
  return {
    method,
    infoHash,
    want: readWant(bytes),
    noSeed: isOne(bytes, args, ARGUMENT.noseed),
    scrape: isOne(bytes, args, ARGUMENT.scrape),
  }
}

/** K-08: a method that we do not know is answered like find_node when it says around which id. */
function readUnknown(bytes: Uint8Array, transaction: Uint8Array): MainlineQuery {
  const field = args.lengthOf(ARGUMENT.target) === ID_BYTES ? ARGUMENT.target : ARGUMENT.info_hash
  if (args.lengthOf(field) !== ID_BYTES) {
    const answer = { code: ERROR.methodUnknown, message: 'Method Unknown' }
    const why = 'neither a known method nor a target'
    refuseWith(transaction, answer, { reason: 'unknown-method', why })
  }
  return { method: 'find_node', target: asId(bytesOf(bytes, args, field)), want: readWant(bytes) }
}

function readAnnounce(bytes: Uint8Array, infoHash: Id, transaction: Uint8Array): MainlineQuery {
  const method = 'announce_peer'
  // B5-24: nobody shares the torrent of an all-zero hash; it is what broken clients send.
  if (isAllZero(infoHash)) refuse(transaction, `${method}: info_hash must not be all zero`)
  const token = readToken(method, bytes, transaction)
  return {
    method,
    infoHash,
    port: isFlag(bytes, args, ARGUMENT.implied_port) ? 'implied' : readPort(bytes, transaction),
    token,
    seed: isOne(bytes, args, ARGUMENT.seed),
  }
}

function readPort(bytes: Uint8Array, transaction: Uint8Array): number {
  const port = integerOf(bytes, args, ARGUMENT.port)
  if (typeof port === 'number' && port >= 1 && port <= 65_535) return port
  const got = port ?? found(args, ARGUMENT.port)
  return refuse(transaction, `announce_peer: port must be 1 … 65535, got ${got}`)
}

/** B32-03: a list of strings; what is no list, or names neither family, is as if it were absent. */
function readWant(bytes: Uint8Array): Want {
  if (!args.is(ARGUMENT.want, TOKEN.list)) return null
  let n4 = false
  let n6 = false
  items.open(bytes, args.startOf(ARGUMENT.want))
  items.next()
  for (let token = items.skip(); token !== TOKEN.end; token = items.skip()) {
    const isName = token === TOKEN.string && items.end - items.start === 2 && bytes[items.start] === N
    if (isName && bytes[items.start + 1] === 0x34) n4 = true
    if (isName && bytes[items.start + 1] === 0x36) n6 = true
  }
  return n4 || n6 ? { n4, n6 } : null
}
