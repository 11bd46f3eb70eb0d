// Writes queries, keys sorted, as the originals do byte by byte. Requests have no limit of size (khashmir A1).
import type { Id } from '../../../kademlia/id.ts'
import { ascii, writer } from '../../krpc/writer.ts'
import type { KhashmirQuery } from '../messages.ts'

const PART = {
  begin: ascii('d1:ad2:id20:'),
  key: ascii('3:key20:'),
  num: ascii('3:numi'),
  target: ascii('6:target20:'),
  token: ascii('5:token'),
  value: ascii('5:value'),
  end: ascii('1:y1:qe'),
} as const

/** The end of the arguments, the method, and the key of the transaction. */
const METHOD = {
  ping: ascii('e1:q4:ping1:t'),
  join: ascii('e1:q4:join1:t'),
  find_node: ascii('e1:q9:find_node1:t'),
  find_value: ascii('e1:q10:find_value1:t'),
  get_value: ascii('e1:q9:get_value1:t'),
  store_value: ascii('e1:q11:store_value1:t'),
} as const

const END = 0x65

/** What a query takes at most beside transaction, value and token. */
const ROOM = 256

/** A query under this id; its bytes are fresh. */
export function encodeQuery(query: KhashmirQuery, transaction: Uint8Array, id: Id): Uint8Array {
  const stored = query.method === 'store_value' ? query.value.length + query.token.length : 0
  writer.beginFresh(ROOM + transaction.length + stored)
  writer.put(PART.begin)
  writer.put(id)
  putArguments(query)
  writer.put(METHOD[query.method])
  writer.string(transaction)
  writer.put(PART.end)
  return writer.end()
}

function putArguments(query: KhashmirQuery): void {
  if (query.method === 'ping' || query.method === 'join') return
  if (query.method === 'find_node') {
    writer.put(PART.target)
    writer.put(query.target)
    return
  }
  writer.put(PART.key)
  writer.put(query.key)
  if (query.method === 'get_value') {
    writer.put(PART.num)
    writer.number(query.num)
    writer.byte(END)
  } else if (query.method === 'store_value') {
    writer.put(PART.token)
    writer.string(query.token)
    writer.put(PART.value)
    writer.string(query.value)
  }
}
