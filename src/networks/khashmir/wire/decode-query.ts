// Reads queries: which method, and that its arguments are those that it wants, no more and no fewer (khashmir A1, A3).
// The fields have been found already (decode.ts).
import { TOKEN } from '../../../codecs/bencode-cursor.ts'
import type { Address } from '../../../kademlia/contact.ts'
import { asId } from '../../../kademlia/id.ts'
import type { Id } from '../../../kademlia/id.ts'
import type { QueryMessage } from '../../../kademlia/ports.ts'
import { isAllZero } from '../../krpc/contact-form.ts'
import { bytesOf, found, integerOf, nameOf } from '../../krpc/fields.ts'
import { drop, refuseWith } from '../../refuse.ts'
import { ascii } from '../../krpc/writer.ts'
import { ERROR, METHODS } from '../messages.ts'
import type { KhashmirMethod, KhashmirQuery } from '../messages.ts'
import { ARGUMENT, args, TOP, top } from './fields.ts'
import { refuseRequest, requireId } from './refuse.ts'

const METHOD_BYTES = METHODS.write.map(ascii)

type Argument = Exclude<keyof typeof ARGUMENT, '_krpc_sender'>

const ARGUMENTS: readonly Argument[] = ['id', 'key', 'num', 'target', 'token', 'value']

const WANTED: Readonly<Record<KhashmirMethod, readonly Argument[]>> = {
  ping: ['id'],
  join: ['id'],
  find_node: ['id', 'target'],
  find_value: ['id', 'key'],
  get_value: ['id', 'key', 'num'],
  store_value: ['id', 'key', 'token', 'value'],
}

const PING: KhashmirQuery = { method: 'ping' }
const JOIN: KhashmirQuery = { method: 'join' }

const NO_TOKEN = new Uint8Array(0)

const TEXT = new TextDecoder()

/**
 * Throws ProtocolError, as decodeMessage says. Which method comes first (203), then which arguments and of which types
 * (204), then the lengths of ids (201).
 */
export function readQuery(
  bytes: Uint8Array,
  transaction: Uint8Array,
  { from, methods }: { readonly from: Address; readonly methods: readonly KhashmirMethod[] },
): QueryMessage<KhashmirQuery> {
  if (!top.is(TOP.q, TOKEN.string))
    drop('malformed-query', `q must be a byte string, got ${found(top, TOP.q)}`)
  if (!top.is(TOP.a, TOKEN.dictionary)) {
    drop('malformed-query', `a must be a dictionary, got ${found(top, TOP.a)}`)
  }
  const method = METHODS.write[nameOf(bytes, [top, TOP.q], METHOD_BYTES)]
  if (method === undefined || !methods.includes(method)) refuseMethod(bytes, transaction)
  requireArguments(method, transaction)
  const query = readArguments(bytes, method, transaction)
  const senderId = asId(bytesOf(bytes, args, ARGUMENT.id))
  // The id that stands for "not known yet" is answered, and is nobody's (khashmir A2, A3).
  return { kind: 'query', transaction, senderId, dialPort: isAllZero(senderId) ? null : from.port, query }
}

function refuseMethod(bytes: Uint8Array, transaction: Uint8Array): never {
  const message = `unknown method ${TEXT.decode(bytesOf(bytes, top, TOP.q))}`
  const why = `none of our methods, of ${top.lengthOf(TOP.q)} bytes`
  refuseWith(transaction, { code: ERROR.methodUnknown, message }, { reason: 'unknown-method', why })
}

function requireArguments(method: KhashmirMethod, transaction: Uint8Array): void {
  const wanted = WANTED[method]
  for (const name of ARGUMENTS) {
    if (args.has(ARGUMENT[name]) === wanted.includes(name)) continue
    refuseRequest(transaction, `${method}: ${name} must ${wanted.includes(name) ? '' : 'not '}be there`)
  }
  if (args.others > 0) refuseRequest(transaction, `${method}: it takes ${wanted.join(', ')} and nothing else`)
}

function readArguments(bytes: Uint8Array, method: KhashmirMethod, transaction: Uint8Array): KhashmirQuery {
  switch (method) {
    case 'ping':
    case 'join':
      requireId('id', method, transaction)
      return method === 'ping' ? PING : JOIN
    case 'find_node':
      return { method, target: readIds('target', bytes, { method, transaction }) }
    case 'find_value':
      return { method, key: readIds('key', bytes, { method, transaction }) }
    case 'get_value': {
      const num = readNum(bytes, transaction)
      return { method, key: readIds('key', bytes, { method, transaction }), num }
    }
    case 'store_value': {
      requireString('value', method, transaction)
      const key = readIds('key', bytes, { method, transaction })
      // A token of another type is none of ours either: 205, which the answers say.
      const token = args.is(ARGUMENT.token, TOKEN.string) ? bytesOf(bytes, args, ARGUMENT.token) : NO_TOKEN
      return { method, key, value: bytesOf(bytes, args, ARGUMENT.value), token }
    }
  }
}

/** What is asked for, when the sender's id is good too. */
function readIds(
  name: 'key' | 'target',
  bytes: Uint8Array,
  { method, transaction }: { method: KhashmirMethod; transaction: Uint8Array },
): Id {
  requireString(name, method, transaction)
  requireId('id', method, transaction)
  requireId(name, method, transaction)
  return asId(bytesOf(bytes, args, ARGUMENT[name]))
}

/** khashmir A0: integers as targets, and values that are no strings, are defects of the original. */
function requireString(
  name: 'key' | 'target' | 'value',
  method: KhashmirMethod,
  transaction: Uint8Array,
): void {
  if (args.is(ARGUMENT[name], TOKEN.string)) return
  refuseRequest(transaction, `${method}: ${name} must be a byte string, got ${found(args, ARGUMENT[name])}`)
}

/** 0 is all. So is a string (khashmir A3), and more than anybody can hold. */
function readNum(bytes: Uint8Array, transaction: Uint8Array): number {
  if (args.is(ARGUMENT.num, TOKEN.string)) return 0
  const num = integerOf(bytes, args, ARGUMENT.num)
  if (num === null || num < 0) {
    const got = num === null ? found(args, ARGUMENT.num) : 'less'
    refuseRequest(transaction, `get_value: num must be an integer from 0, got ${got}`)
  }
  return typeof num === 'number' ? num : 0
}
