// The wire's decoder once more, the slow and plain way: on whole decoded values, for the fast one to be held against.
import { BencodeDictionary, BencodeError, decodeBencode } from '../../../../src/codecs/bencode.ts'
import type { BencodeValue } from '../../../../src/codecs/bencode.ts'
import { unpackAddress } from '../../../../src/codecs/compact-address.ts'
import { textOf } from '../../../codecs/bencode-samples.ts'
import { FROM } from '../packets.ts'

type Field = BencodeValue | undefined

/** A message in plain form, or a line that says how it is refused. */
export type Outcome = string | Record<string, unknown>

const text = (value: Field): string | null => (value instanceof Uint8Array ? textOf(value) : null)
const isSet = (value: Field): boolean =>
  (typeof value === 'number' || typeof value === 'bigint') && value !== 0

export function outcomeOf(bytes: Uint8Array): Outcome {
  let message: BencodeValue
  try {
    message = decodeBencode(bytes)
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error
    return 'dropped'
  }
  if (!(message instanceof BencodeDictionary)) return 'dropped'
  const t = text(message.get('t'))
  const y = text(message.get('y'))
  if (t === null || y === null) return 'dropped'
  if (y === 'q') return t.length > 768 ? 'dropped' : queryOf(message, t)
  if (y === 'r') return replyOf(message, t)
  return y === 'e' ? errorOf(message, t) : 'dropped'
}

function queryOf(message: BencodeDictionary, t: string): Outcome {
  const method = text(message.get('q'))
  const a = message.get('a')
  if (method === null || !(a instanceof BencodeDictionary)) return `203 ${t}`
  const id = text(a.get('id'))
  if (id?.length !== 20) return `203 ${t}`
  const query = argumentsOf(method, a)
  if (typeof query === 'number') return `${query} ${t}`
  return { kind: 'query', t, id, dialPort: isSet(message.get('ro')) ? null : FROM.port, ...query }
}

function argumentsOf(method: string, a: BencodeDictionary): Record<string, unknown> | 203 | 204 {
  const target = text(a.get('target'))
  const infoHash = text(a.get('info_hash'))
  const want = wantOf(a.get('want'))
  if (method === 'ping') return { method }
  if (method === 'find_node') return target?.length === 20 ? { method, target, want } : 203
  if (method !== 'get_peers' && method !== 'announce_peer') {
    if (target?.length === 20) return { method: 'find_node', target, want }
    return infoHash?.length === 20 ? { method: 'find_node', target: infoHash, want } : 204
  }
  if (infoHash?.length !== 20) return 203
  if (method === 'get_peers') {
    return { method, infoHash, want, noSeed: a.get('noseed') === 1, scrape: a.get('scrape') === 1 }
  }
  const token = text(a.get('token'))
  const port = a.get('port')
  if (/^\0*$/.test(infoHash) || token === null || token.length > 64) return 203
  const isPort = typeof port === 'number' && port > 0 && port < 65_536
  if (!isSet(a.get('implied_port')) && !isPort) return 203
  const announced = isSet(a.get('implied_port')) ? 'implied' : port
  return { method, infoHash, port: announced, token, seed: a.get('seed') === 1 }
}

function wantOf(want: Field): unknown {
  if (!Array.isArray(want)) return null
  const names = new Set(want.map(text))
  return names.has('n4') || names.has('n6') ? { n4: names.has('n4'), n6: names.has('n6') } : null
}

function replyOf(message: BencodeDictionary, t: string): Outcome {
  const r = message.get('r')
  if (!(r instanceof BencodeDictionary) || text(r.get('id'))?.length !== 20) return `failed ${t}`
  const reply: Record<string, unknown> = {}
  for (const [key, size] of [
    ['nodes', 26],
    ['nodes6', 38],
  ] as const) {
    const nodes = r.get(key)
    if (nodes instanceof Uint8Array && nodes.length % size === 0) reply[key] = contactsOf(nodes, size)
  }
  const token = text(r.get('token'))
  if (token !== null && token.length <= 64) reply['token'] = token
  const values = r.get('values')
  if (Array.isArray(values)) reply['values'] = values.filter(isPeer).map(text).slice(0, 200)
  return { kind: 'reply', t, id: text(r.get('id')), reply, seenAs: seenAsOf(message) }
}

function isPeer(value: BencodeValue): boolean {
  return value instanceof Uint8Array && (unpackAddress(value)?.port ?? 0) !== 0
}

function contactsOf(nodes: Uint8Array, size: number): unknown {
  return Array.from({ length: nodes.length / size }, (_, i) => nodes.subarray(i * size, (i + 1) * size))
    .map((node) => ({ id: textOf(node.subarray(0, 20)), address: unpackAddress(node.subarray(20))! }))
    .filter(({ address }) => address.port !== 0)
    .slice(0, 16)
}

function errorOf(message: BencodeDictionary, t: string): Outcome {
  const e = message.get('e')
  const items = (Array.isArray(e) ? e : [e]).slice(0, 2)
  const code = Array.isArray(e) ? items.findLast((item) => typeof item === 'number') : undefined
  const last = items.findLast((item) => item instanceof Uint8Array)
  const shown = last === undefined ? '' : new TextDecoder().decode(last.subarray(0, 128))
  return { kind: 'error', t, code: code ?? 201, message: shown, seenAs: seenAsOf(message) }
}

function seenAsOf(message: BencodeDictionary): unknown {
  const ip = message.get('ip')
  const address = ip instanceof Uint8Array ? unpackAddress(ip) : null
  return address === null || address.port === 0 ? null : address
}
