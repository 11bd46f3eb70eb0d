// What the wire should make of a datagram, said the slow way: decode all of it to plain values, then go through khashmir
// A1, A3 and A4 line by line. Written from the specification, without the code that it judges but for bencode.
import { BencodeDictionary, BencodeError, decodeBencode, KHASHMIR } from '../../../../src/codecs/bencode.ts'
import type { BencodeValue } from '../../../../src/codecs/bencode.ts'
import { textOf } from '../../../codecs/bencode-samples.ts'

/** `204 <transaction>`, `failed <transaction>`, `dropped`, or the message with its bytes as text. */
export type Outcome = string | Record<string, unknown>

const WANTED: Readonly<Record<string, readonly string[]>> = {
  ping: ['id'],
  join: ['id'],
  find_node: ['id', 'target'],
  find_value: ['id', 'key'],
  get_value: ['id', 'key', 'num'],
  store_value: ['id', 'key', 'token', 'value'],
}

const NOBODY = '\0'.repeat(20)

const isText = (value: unknown): value is string => typeof value === 'string'
const isId = (value: unknown): boolean => isText(value) && value.length === 20

/** Strings as text, dictionaries as maps. */
function plain(value: BencodeValue): unknown {
  if (value instanceof Uint8Array) return textOf(value)
  if (Array.isArray(value)) return value.map(plain)
  if (!(value instanceof BencodeDictionary)) return value
  return new Map(Array.from(value, ([key, inner]) => [key, plain(inner)]))
}

/** `serves`: the methods of our role. */
export function outcomeOf(bytes: Uint8Array, port: number, serves: readonly string[]): Outcome {
  let message: unknown
  try {
    message = plain(decodeBencode(bytes, KHASHMIR))
  } catch (error) {
    if (error instanceof BencodeError) return 'dropped'
    throw error
  }
  if (!(message instanceof Map)) return 'dropped'
  const t: unknown = message.get('t')
  const y: unknown = message.get('y')
  if (!isText(t) || t.length !== 20 || !isText(y)) return 'dropped'
  if (y === 'q') return queryOf(message.get('q'), message.get('a'), { t, port, serves })
  if (y === 'r') return replyOf(message.get('r'), t) ?? `failed ${t}`
  if (y === 'e') return errorOf(message.get('e'), t) ?? `failed ${t}`
  return `failed ${t}`
}

interface Around {
  readonly t: string
  readonly port: number
  readonly serves: readonly string[]
}

function queryOf(q: unknown, a: unknown, { t, port, serves }: Around): Outcome {
  if (!isText(q) || !(a instanceof Map)) return 'dropped'
  if (!serves.includes(q)) return `203 ${t}`
  const given = new Map<unknown, unknown>(a)
  given.delete('_krpc_sender')
  const wanted = WANTED[q]!
  if (given.size !== wanted.length || !wanted.every((name) => given.has(name))) return `204 ${t}`
  const strings = ['key', 'target', 'value'].filter((name) => given.has(name))
  if (strings.some((name) => !isText(given.get(name)))) return `204 ${t}`
  const num = given.get('num')
  if (given.has('num') && !isText(num) && !(typeof num === 'number' || typeof num === 'bigint'))
    return `204 ${t}`
  if ((typeof num === 'number' || typeof num === 'bigint') && num < 0) return `204 ${t}`
  const ids = ['id', 'key', 'target'].filter((name) => given.has(name))
  if (ids.some((name) => !isId(given.get(name)))) return `201 ${t}`
  const { id, ...rest } = Object.fromEntries(given) as Record<string, unknown>
  if ('num' in rest && typeof rest['num'] !== 'number') rest['num'] = 0
  if ('token' in rest && !isText(rest['token'])) rest['token'] = ''
  return { kind: 'query', t, id, dialPort: id === NOBODY ? null : port, method: q, ...rest }
}

/** null: its request fails. */
function replyOf(r: unknown, t: string): Outcome | null {
  if (!(r instanceof Map)) return null
  const id: unknown = r.get('id')
  if (!isId(id) || id === NOBODY) return null
  const reply: Record<string, unknown> = {}
  for (const read of [readNodes, readToken, readNum, readValues]) {
    if (!read(r, reply)) return null
  }
  const host: unknown = r.get('ip_addr')
  const port: unknown = r.get('port')
  const isPort = typeof port === 'number' && port > 0 && port < 65_536
  if (isPort && isText(host) && isQuad(host)) reply['seenAs'] = { host, port }
  return { kind: 'reply', t, id, reply, seenAs: reply['seenAs'] ?? null }
}

function isQuad(host: string): boolean {
  const parts = host.split('.')
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
}

type Fields = Map<unknown, unknown>
type Found = Record<string, unknown>

function readNodes(r: Fields, reply: Found): boolean {
  if (!r.has('nodes')) return true
  const nodes = r.get('nodes')
  if (!Array.isArray(nodes)) return false
  const first: unknown[] = nodes.slice(0, 16)
  if (!first.every((node) => isText(node) && node.length === 26)) return false
  reply['nodes'] = (first as string[]).flatMap((node) => {
    const [a, b, c, d, high, low] = Buffer.from(node.slice(20), 'latin1')
    const port = 256 * high! + low!
    if (port === 0 || node.slice(0, 20) === NOBODY) return []
    return [{ id: node.slice(0, 20), address: { host: `${a}.${b}.${c}.${d}`, port } }]
  })
  return true
}

function readToken(r: Fields, reply: Found): boolean {
  const token = r.get('token')
  if (isText(token) && token.length <= 64) reply['token'] = token
  return !r.has('token') || isText(token)
}

function readNum(r: Fields, reply: Found): boolean {
  if (!r.has('num')) return true
  const num = r.get('num')
  if ((typeof num !== 'number' && typeof num !== 'bigint') || num < 0) return false
  reply['num'] = Math.min(Number(num), Number.MAX_SAFE_INTEGER)
  return true
}

function readValues(r: Fields, reply: Found): boolean {
  if (!r.has('values')) return true
  const values = r.get('values')
  if (!Array.isArray(values)) return false
  const taken: string[] = []
  let left = 1_472
  for (const value of values.slice(0, 600) as unknown[]) {
    if (!isText(value)) return false
    left -= value.length
    if (left < 0) break
    taken.push(value)
  }
  reply['values'] = taken
  return true
}

/** null: its request fails. */
function errorOf(e: unknown, t: string): Outcome | null {
  if (!Array.isArray(e) || e.length !== 2 || typeof e[0] !== 'number' || !isText(e[1])) return null
  const text = Buffer.from(e[1].slice(0, 128), 'latin1').toString()
  return { kind: 'error', t, code: e[0], message: text, seenAs: null }
}
