// Reads KRPC messages: one pass over the bytes finds the known fields, then each is checked by its method.
// What is wrong becomes a ProtocolError that says what is to be answered, or that nothing is (K-09).
import { BencodeCursor, integerAt, TOKEN } from '../../../codecs/bencode-cursor.ts'
import { BencodeFields } from '../../../codecs/bencode-fields.ts'
import { BencodeError, ENVELOPE } from '../../../codecs/bencode-value.ts'
import { unpackAddress } from '../../../codecs/compact-address.ts'
import type { Address } from '../../../kademlia/contact.ts'
import { asId } from '../../../kademlia/id.ts'
import type { Id } from '../../../kademlia/id.ts'
import { ProtocolError } from '../../../kademlia/ports.ts'
import type { Message, QueryMessage } from '../../../kademlia/ports.ts'
import { ERROR } from '../messages.ts'
import type { MainlineQuery, MainlineReply, Want } from '../messages.ts'
import { ID_BYTES, MAX_ERROR_BYTES, MAX_TOKEN_BYTES, MAX_TRANSACTION_BYTES } from './bounds.ts'
import { readCompactPeers, readContacts } from './decode-reply.ts'

/** The fields that we know, by their index; unknown ones are passed over. */
const TOP = { a: 0, e: 1, ip: 2, q: 3, r: 4, ro: 5, t: 6, y: 7 } as const
const ARGUMENT = {
  id: 0,
  implied_port: 1,
  info_hash: 2,
  noseed: 3,
  port: 4,
  scrape: 5,
  seed: 6,
  target: 7,
  token: 8,
  want: 9,
} as const
const RESULT = { id: 0, nodes: 1, nodes6: 2, token: 3, values: 4 } as const

const args = new BencodeFields(Object.keys(ARGUMENT))
const results = new BencodeFields(Object.keys(RESULT))
const top = new BencodeFields(Object.keys(TOP), { a: args, r: results })

const cursor = new BencodeCursor(ENVELOPE)
const items = new BencodeCursor(ENVELOPE)

const METHODS = ['ping', 'find_node', 'get_peers', 'announce_peer'] as const
const METHOD_BYTES = METHODS.map((name) => Uint8Array.from(name, (letter) => letter.charCodeAt(0)))

type MethodName = (typeof METHODS)[number]

const PING: MainlineQuery = { method: 'ping' }

const LETTER = { d: 0x64, e: 0x65, l: 0x6c, n: 0x6e, q: 0x71, r: 0x72 } as const

/**
 * Reads one datagram. The result's byte fields are views of it. Throws ProtocolError, nothing else:
 * with an `answer` (203, or 204 for an unknown method without a target) for a malformed query whose `t` is readable;
 * with `failedTransaction` for a malformed reply; else in silence, `reason` being 'source-port-0', 'not-bencode',
 * 'not-a-dictionary', 'too-complex', 'no-transaction', 'transaction-too-long', 'no-type' or 'unknown-type' (K-09).
 */
export function decodeMessage(datagram: Uint8Array, from: Address): Message<MainlineQuery, MainlineReply> {
  if (from.port === 0) drop('source-port-0', 'the datagram comes from port 0')
  scan(datagram)
  if (!top.is(TOP.t, TOKEN.string))
    drop('no-transaction', `t must be a byte string, got ${found(top, TOP.t)}`)
  if (top.lengthOf(TOP.y) < 0) drop('no-type', `y must be a byte string, got ${found(top, TOP.y)}`)
  const transaction = bytesOf(datagram, top, TOP.t)
  const type = top.lengthOf(TOP.y) === 1 ? datagram[top.contentOf(TOP.y)] : 0
  if (type === LETTER.q) return readQuery(datagram, transaction, from)
  if (type === LETTER.r) return readReply(datagram, transaction)
  if (type === LETTER.e) return readError(datagram, transaction)
  return drop('unknown-type', 'y must be one of q, r, e')
}

function scan(datagram: Uint8Array): void {
  const first = datagram[0]
  if (first !== LETTER.d) {
    const isValue =
      first === LETTER.l || first === 0x69 || (first !== undefined && first >= 0x30 && first <= 0x39)
    drop(isValue ? 'not-a-dictionary' : 'not-bencode', 'a message must be a bencoded dictionary')
  }
  try {
    cursor.open(datagram)
    cursor.next()
    top.scan(cursor)
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error
    const tooComplex = error.code === 'too-deep' || error.code === 'too-many-tokens'
    drop(tooComplex ? 'too-complex' : 'not-bencode', error.message)
  }
}

function readQuery(bytes: Uint8Array, transaction: Uint8Array, from: Address): QueryMessage<MainlineQuery> {
  if (transaction.length > MAX_TRANSACTION_BYTES) {
    drop(
      'transaction-too-long',
      `t must be at most ${MAX_TRANSACTION_BYTES} bytes, got ${transaction.length}`,
    )
  }
  if (!top.is(TOP.q, TOKEN.string)) refuse(transaction, `q must be a byte string, got ${found(top, TOP.q)}`)
  const method = methodOf(bytes)
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

function methodOf(bytes: Uint8Array): MethodName | null {
  const start = top.contentOf(TOP.q)
  const length = top.lengthOf(TOP.q)
  for (let method = 0; method < METHODS.length; method++) {
    const name = METHOD_BYTES[method]!
    if (name.length !== length) continue
    let i = 0
    while (i < length && name[i] === bytes[start + i]) i++
    if (i === length) return METHODS[method]!
  }
  return null
}

function readKnown(bytes: Uint8Array, method: MethodName, transaction: Uint8Array): MainlineQuery {
  if (method === 'ping') return PING
  if (method === 'find_node') {
    requireId(ARGUMENT.target, 'target', method, transaction)
    return { method, target: asId(bytesOf(bytes, args, ARGUMENT.target)), want: readWant(bytes) }
  }
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
    const answer = { code: ERROR.methodUnknown, message: 'Method Unknown', transaction }
    throw new ProtocolError('neither a known method nor a target', { reason: 'unknown-method', answer })
  }
  return { method: 'find_node', target: asId(bytesOf(bytes, args, field)), want: readWant(bytes) }
}

function readAnnounce(bytes: Uint8Array, infoHash: Id, transaction: Uint8Array): MainlineQuery {
  const method = 'announce_peer'
  // B5-24: nobody shares the torrent of an all-zero hash; it is what broken clients send.
  if (isAllZero(infoHash)) refuse(transaction, `${method}: info_hash must not be all zero`)
  const length = args.lengthOf(ARGUMENT.token)
  if (length < 0 || length > MAX_TOKEN_BYTES) {
    const got = found(args, ARGUMENT.token)
    refuse(transaction, `${method}: token must be at most ${MAX_TOKEN_BYTES} bytes, got ${got}`)
  }
  return {
    method,
    infoHash,
    port: isFlag(bytes, args, ARGUMENT.implied_port) ? 'implied' : readPort(bytes, transaction),
    token: bytesOf(bytes, args, ARGUMENT.token),
    seed: isOne(bytes, args, ARGUMENT.seed),
  }
}

function isAllZero(id: Id): boolean {
  for (let i = 0; i < id.length; i++) if (id[i] !== 0) return false
  return true
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
    const isName = token === TOKEN.string && items.end - items.start === 2 && bytes[items.start] === LETTER.n
    if (isName && bytes[items.start + 1] === 0x34) n4 = true
    if (isName && bytes[items.start + 1] === 0x36) n6 = true
  }
  return n4 || n6 ? { n4, n6 } : null
}

function readReply(bytes: Uint8Array, transaction: Uint8Array): Message<MainlineQuery, MainlineReply> {
  if (!top.is(TOP.r, TOKEN.dictionary)) fail(transaction, `r must be a dictionary, got ${found(top, TOP.r)}`)
  if (results.lengthOf(RESULT.id) !== ID_BYTES) {
    fail(transaction, `id must be ${ID_BYTES} bytes, got ${found(results, RESULT.id)}`)
  }
  const reply: { -readonly [key in keyof MainlineReply]: MainlineReply[key] } = {}
  const nodes = readContacts(bytes, results.contentOf(RESULT.nodes), results.lengthOf(RESULT.nodes), 4)
  if (nodes !== null) reply.nodes = nodes
  const nodes6 = readContacts(bytes, results.contentOf(RESULT.nodes6), results.lengthOf(RESULT.nodes6), 6)
  if (nodes6 !== null) reply.nodes6 = nodes6
  if (results.is(RESULT.values, TOKEN.list)) {
    items.open(bytes, results.startOf(RESULT.values))
    reply.values = readCompactPeers(bytes, items)
  }
  const tokenLength = results.lengthOf(RESULT.token)
  if (tokenLength >= 0 && tokenLength <= MAX_TOKEN_BYTES) reply.token = bytesOf(bytes, results, RESULT.token)
  const senderId = asId(bytesOf(bytes, results, RESULT.id))
  return { kind: 'reply', transaction, senderId, reply, seenAs: readSeenAs(bytes) }
}

const TEXT = new TextDecoder()

/** K-07: `e` may be a list in which something is missing, or a bare string; an error is an error. */
function readError(bytes: Uint8Array, transaction: Uint8Array): Message<MainlineQuery, MainlineReply> {
  let code: number = ERROR.generic
  let message = ''
  const isList = top.is(TOP.e, TOKEN.list)
  if (isList || top.is(TOP.e, TOKEN.string)) {
    items.open(bytes, top.startOf(TOP.e))
    if (isList) items.next()
    for (let rest = 2; rest > 0 && (isList || rest === 2); rest--) {
      const token = items.skip()
      if (token === TOKEN.end) break
      const number = token === TOKEN.integer ? integerAt(bytes, items.start, items.end) : null
      if (typeof number === 'number') code = number
      const end = Math.min(items.end, items.start + MAX_ERROR_BYTES)
      if (token === TOKEN.string) message = TEXT.decode(bytes.subarray(items.start, end))
    }
  }
  return { kind: 'error', transaction, code, message, seenAs: readSeenAs(bytes) }
}

/** BEP 42 `ip`; what is no compact address is as if it were absent. */
function readSeenAs(bytes: Uint8Array): Address | null {
  if (!top.is(TOP.ip, TOKEN.string)) return null
  const address = unpackAddress(bytesOf(bytes, top, TOP.ip))
  return address === null || address.port === 0 ? null : address
}

/** The content of a string field, as a plain Uint8Array even where the datagram is a Buffer. */
function bytesOf(bytes: Uint8Array, fields: BencodeFields, field: number): Uint8Array {
  const start = fields.contentOf(field)
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, fields.endOf(field) - start)
}

function integerOf(bytes: Uint8Array, fields: BencodeFields, field: number): number | bigint | null {
  if (!fields.is(field, TOKEN.integer)) return null
  return integerAt(bytes, fields.contentOf(field), fields.endOf(field) - 1)
}

/** Set when present and not 0; of another type, it is as if it were absent. */
function isFlag(bytes: Uint8Array, fields: BencodeFields, field: number): boolean {
  const value = integerOf(bytes, fields, field)
  return value !== null && value !== 0
}

function isOne(bytes: Uint8Array, fields: BencodeFields, field: number): boolean {
  return integerOf(bytes, fields, field) === 1
}

function requireId(field: number, name: string, method: string, transaction: Uint8Array): void {
  if (args.lengthOf(field) === ID_BYTES) return
  refuse(transaction, `${method}: ${name} must be ${ID_BYTES} bytes, got ${found(args, field)}`)
}

/** What stands where something else should, for messages; never the bytes themselves (specs T33). */
function found(fields: BencodeFields, field: number): string {
  if (!fields.has(field)) return 'none'
  const token = fields.tokenOf(field)
  if (token === TOKEN.string) return String(fields.lengthOf(field))
  return token === TOKEN.integer ? 'an integer' : token === TOKEN.list ? 'a list' : 'a dictionary'
}

function drop(reason: string, message: string): never {
  throw new ProtocolError(message, { reason })
}

function refuse(transaction: Uint8Array, message: string): never {
  const answer = { code: ERROR.protocol, message, transaction }
  throw new ProtocolError(message, { reason: 'malformed-query', answer })
}

function fail(transaction: Uint8Array, message: string): never {
  throw new ProtocolError(message, { reason: 'malformed-reply', failedTransaction: transaction })
}
