// Writes KRPC queries, keys sorted. Nothing is ever shed from a query: the largest, a put of a signed item with the
// longest salt and token, has 1385 bytes when its transaction has four.
import type { MainlineQuery, PutQuery, Want } from '../messages.ts'
import type { Self } from './encode.ts'
import { ascii, writer } from '../../krpc/writer.ts'

const PART = {
  begin: ascii('d1:ad'),
  id: ascii('2:id20:'),
  cas: ascii('3:casi'),
  impliedPort: ascii('12:implied_porti1e'),
  infoHash: ascii('9:info_hash20:'),
  key: ascii('1:k'),
  noSeed: ascii('6:noseedi1e'),
  port: ascii('4:porti'),
  salt: ascii('4:salt'),
  scrape: ascii('6:scrapei1e'),
  seed: ascii('4:seedi1e'),
  seq: ascii('3:seqi'),
  signature: ascii('3:sig'),
  target: ascii('6:target20:'),
  token: ascii('5:token'),
  value: ascii('1:v'),
  want: ascii('4:wantl'),
  n4: ascii('2:n4'),
  n6: ascii('2:n6'),
  readOnly: ascii('2:roi1e'),
  transaction: ascii('1:t'),
  version: ascii('1:v4:'),
  end: ascii('1:y1:qe'),
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

/** A query; its bytes are fresh. With `ro` when we are read-only (B43-02). */
export function encodeQuery(
  query: MainlineQuery,
  transaction: Uint8Array,
  self: Self,
  readOnly: boolean,
): Uint8Array {
  writer.beginFresh()
  writer.put(PART.begin)
  // The only argument that stands before the id.
  if (query.method === 'put' && query.cas !== null) putInteger(PART.cas, query.cas)
  writer.put(PART.id)
  writer.put(self.id)
  putArguments(query, self.port)
  writer.put(METHOD[query.method])
  if (readOnly) writer.put(PART.readOnly)
  writer.put(PART.transaction)
  writer.string(transaction)
  writer.put(PART.version)
  writer.put(self.version)
  writer.put(PART.end)
  return writer.end()
}

function putArguments(query: MainlineQuery, ownPort: number | undefined): void {
  switch (query.method) {
    case 'ping':
      return
    case 'find_node':
    case 'get':
    case 'sample_infohashes':
      if (query.method === 'get' && query.seq !== null) putInteger(PART.seq, query.seq)
      writer.put(PART.target)
      writer.put(query.target)
      return putWant(query.want)
    case 'get_peers':
      writer.put(PART.infoHash)
      writer.put(query.infoHash)
      if (query.noSeed) writer.put(PART.noSeed)
      if (query.scrape) writer.put(PART.scrape)
      return putWant(query.want)
    case 'announce_peer':
      return putAnnounce(query, ownPort)
    case 'put':
      return putItem(query)
  }
}

function putAnnounce(
  query: Extract<MainlineQuery, { method: 'announce_peer' }>,
  ownPort: number | undefined,
): void {
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

function putItem({ signed, token, value }: PutQuery): void {
  if (signed !== null) {
    writer.put(PART.key)
    writer.string(signed.publicKey)
    // B44-03: an empty salt is none.
    if (signed.salt.length > 0) {
      writer.put(PART.salt)
      writer.string(signed.salt)
    }
    putInteger(PART.seq, signed.seq)
    writer.put(PART.signature)
    writer.string(signed.signature)
  }
  writer.put(PART.token)
  writer.string(token)
  writer.put(PART.value)
  writer.put(value)
}

/** `key` has the `i`. */
function putInteger(key: Uint8Array, value: bigint): void {
  writer.put(key)
  writer.bigint(value)
  writer.byte(END)
}

function putWant(want: Want): void {
  if (want === null) return
  writer.put(PART.want)
  if (want.n4) writer.put(PART.n4)
  if (want.n6) writer.put(PART.n6)
  writer.byte(END)
}
