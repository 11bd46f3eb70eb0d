// Writes KRPC queries and errors, keys sorted. Replies are in encode-reply.ts.
import { COMPACT_BYTES, writeAddress } from '../../../codecs/compact-address.ts'
import type { Address } from '../../../kademlia/contact.ts'
import type { Id } from '../../../kademlia/id.ts'
import { ProtocolError } from '../../../kademlia/ports.ts'
import type { Refusal } from '../../../kademlia/ports.ts'
import { ERROR } from '../messages.ts'
import type { MainlineQuery, Want } from '../messages.ts'
import { MAX_DATAGRAM_BYTES, MAX_ERROR_BYTES } from './bounds.ts'
import { ascii, stringSize, writer } from './writer.ts'

/** Who we are in a message. */
export interface Self {
  readonly id: Id
  readonly version: Uint8Array
  /** Our UDP port. */
  readonly port?: number | undefined
}

const PART = {
  begin: ascii('d1:ad2:id20:'),
  impliedPort: ascii('12:implied_porti1e'),
  infoHash: ascii('9:info_hash20:'),
  noSeed: ascii('6:noseedi1e'),
  port: ascii('4:porti'),
  scrape: ascii('6:scrapei1e'),
  seed: ascii('4:seedi1e'),
  target: ascii('6:target20:'),
  token: ascii('5:token'),
  want: ascii('4:wantl'),
  n4: ascii('2:n4'),
  n6: ascii('2:n6'),
  readOnly: ascii('2:roi1e'),
  transaction: ascii('1:t'),
  version: ascii('1:v4:'),
  endQuery: ascii('1:y1:qe'),
  beginError: ascii('d1:eli'),
  endError: ascii('1:y1:ee'),
  ip: ascii('2:ip'),
} as const

/** The end of the arguments, and the method. */
const METHOD = {
  ping: ascii('e1:q4:ping'),
  find_node: ascii('e1:q9:find_node'),
  get_peers: ascii('e1:q9:get_peers'),
  announce_peer: ascii('e1:q13:announce_peer'),
  get: ascii('e1:q3:get'),
  put: ascii('e1:q3:put'),
  sample_infohashes: ascii('e1:q17:sample_infohashes'),
} as const

const END = 0x65

/** The sender of a query as its answer names it, and its size; kept by `measureIp` for `putIp`. */
const ip6 = new Uint8Array(COMPACT_BYTES[6])
const ip4 = ip6.subarray(0, COMPACT_BYTES[4])
let ipBytes: 0 | 6 | 18 = 0

/** Takes in whose address the next `putIp` writes; says how many bytes that will take. */
export function measureIp(to: Address): number {
  ipBytes = writeAddress(to, ip6, 0)
  return ipBytes === 0 ? 0 : PART.ip.length + stringSize(ipBytes)
}

/** BEP 42: the requester's address, in every reply and error (K-16). Left out when its host is no IP address. */
export function putIp(): void {
  if (ipBytes === 0) return
  writer.put(PART.ip)
  writer.string(ipBytes === COMPACT_BYTES[6] ? ip6 : ip4)
}

/** A query; its bytes are fresh. With `ro` when we are read-only (B43-02). */
export function encodeQuery(
  query: MainlineQuery,
  transaction: Uint8Array,
  self: Self,
  readOnly: boolean,
): Uint8Array {
  writer.beginFresh()
  writer.put(PART.begin)
  writer.put(self.id)
  putArguments(query, self.port)
  writer.put(METHOD[query.method])
  if (readOnly) writer.put(PART.readOnly)
  writer.put(PART.transaction)
  writer.string(transaction)
  writer.put(PART.version)
  writer.put(self.version)
  writer.put(PART.endQuery)
  return writer.end()
}

/**
 * An error; its bytes are fresh. Throws ProtocolError when the transaction is too long for any answer, which after
 * decoding cannot be (MAX_TRANSACTION_BYTES).
 */
export function encodeError(
  refusal: Refusal,
  transaction: Uint8Array,
  to: Address,
  version: Uint8Array,
): Uint8Array {
  const code = Number.isSafeInteger(refusal.code) && refusal.code >= 0 ? refusal.code : ERROR.generic
  const message = errorText(refusal.message)
  const constant =
    PART.beginError.length + PART.transaction.length + PART.version.length + PART.endError.length
  // Both ends of the list, and the digits of the code.
  const framed = constant + version.length + 2 + String(code).length
  const size = framed + stringSize(message.length) + measureIp(to) + stringSize(transaction.length)
  if (size > MAX_DATAGRAM_BYTES) {
    throw new ProtocolError('reply does not fit', { reason: 'transaction-too-long' })
  }
  writer.beginFresh()
  writer.put(PART.beginError)
  writer.number(code)
  writer.byte(END)
  writer.string(message)
  writer.byte(END)
  putIp()
  writer.put(PART.transaction)
  writer.string(transaction)
  writer.put(PART.version)
  writer.put(version)
  writer.put(PART.endError)
  return writer.end()
}

function putArguments(query: MainlineQuery, ownPort: number | undefined): void {
  if (query.method === 'find_node') {
    writer.put(PART.target)
    writer.put(query.target)
    putWant(query.want)
  } else if (query.method === 'get_peers') {
    writer.put(PART.infoHash)
    writer.put(query.infoHash)
    if (query.noSeed) writer.put(PART.noSeed)
    if (query.scrape) writer.put(PART.scrape)
    putWant(query.want)
  } else if (query.method === 'announce_peer') {
    if (query.port === 'implied') writer.put(PART.impliedPort)
    writer.put(PART.infoHash)
    writer.put(query.infoHash)
    // Beside implied_port too: libtorrent refuses an announce that has no port, others do not know implied_port.
    const port = query.port === 'implied' ? ownPort : query.port
    if (port !== undefined) {
      writer.put(PART.port)
      writer.number(port)
      writer.byte(END)
    }
    if (query.seed) writer.put(PART.seed)
    writer.put(PART.token)
    writer.string(query.token)
  }
}

function putWant(want: Want): void {
  if (want === null) return
  writer.put(PART.want)
  if (want.n4) writer.put(PART.n4)
  if (want.n6) writer.put(PART.n6)
  writer.byte(END)
}

const TEXT = new TextEncoder()

function errorText(text: string): Uint8Array {
  const bytes = TEXT.encode(text)
  if (bytes.length <= MAX_ERROR_BYTES) return bytes
  // Not in the middle of a character: back to before a byte that continues one.
  let end = MAX_ERROR_BYTES
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return bytes.subarray(0, end)
}
