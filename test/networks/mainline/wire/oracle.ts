// The wire's decoder once more, the slow and plain way: on whole values read by another
// grammar, for the fast one to be held against.
import { BencodeError, decodeBencode, encodeBencode, STORED_VALUE } from '../../../../src/codecs/bencode.ts'
import { unpackAddress } from '../../../../src/codecs/compact-address.ts'
import { bytesOf, textOf } from '../../../codecs/bencode-samples.ts'
import { FROM } from '../packets.ts'
import { Malformed, plainMessage, Unread, type Plain } from './plain-message.ts'

type Field = Plain | undefined
type Fields = ReadonlyMap<string, Plain>

/** A message in plain form, or a line that says how it is refused. */
export type Outcome = string | Record<string, unknown>

const text = (value: Field): string | null => (value instanceof Uint8Array ? textOf(value) : null)
const isSet = (value: Field): boolean =>
  (typeof value === 'number' || typeof value === 'bigint') && value !== 0

export function outcomeOf(bytes: Uint8Array): Outcome {
  let message: Plain
  try {
    message = plainMessage(bytes)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return 'dropped'
  }
  if (!(message instanceof Map)) return 'dropped'
  const t = text(message.get('t'))
  const y = text(message.get('y'))
  if (t === null || y === null) return 'dropped'
  if (y === 'q') return t.length > 768 ? 'dropped' : queryOf(message, t)
  if (y === 'r') return replyOf(message, t)
  return y === 'e' ? errorOf(message, t) : 'dropped'
}

function queryOf(message: Fields, t: string): Outcome {
  const method = text(message.get('q'))
  const a = message.get('a')
  if (method === null || !(a instanceof Map)) return `203 ${t}`
  const id = text(a.get('id'))
  if (id?.length !== 20) return `203 ${t}`
  const query = argumentsOf(method, a)
  if (typeof query === 'number') return `${query} ${t}`
  return { kind: 'query', t, id, dialPort: isSet(message.get('ro')) ? null : FROM.port, ...query }
}

type Refused = 203 | 204 | 205 | 207

function argumentsOf(method: string, a: Fields): Record<string, unknown> | Refused {
  const target = text(a.get('target'))
  const infoHash = text(a.get('info_hash'))
  const want = wantOf(a.get('want'))
  switch (method) {
    case 'ping':
      return { method }
    case 'find_node':
    case 'sample_infohashes':
      return target?.length === 20 ? { method, target, want } : 203
    case 'get':
      return target?.length === 20 ? { method, target, want, seq: seqOf(a.get('seq')) } : 203
    case 'put':
      return putOf(a)
    case 'get_peers':
      if (infoHash?.length !== 20) return 203
      return { method, infoHash, want, noSeed: a.get('noseed') === 1, scrape: a.get('scrape') === 1 }
    case 'announce_peer':
      return announceOf(a)
    default:
      if (target?.length === 20) return { method: 'find_node', target, want }
      return infoHash?.length === 20 ? { method: 'find_node', target: infoHash, want } : 204
  }
}

function announceOf(a: Fields): Record<string, unknown> | Refused {
  const infoHash = text(a.get('info_hash'))
  const token = text(a.get('token'))
  const port = a.get('port')
  if (infoHash?.length !== 20 || /^\0*$/.test(infoHash) || token === null || token.length > 64) return 203
  const isPort = typeof port === 'number' && port > 0 && port < 65_536
  if (!isSet(a.get('implied_port')) && !isPort) return 203
  const announced = isSet(a.get('implied_port')) ? 'implied' : port
  return { method: 'announce_peer', infoHash, port: announced, token, seed: a.get('seed') === 1 }
}

type Checked = readonly [key: string, isRight: (value: Field) => boolean]

const inPut: readonly Checked[] = [
  ['token', (value) => (text(value)?.length ?? 65) <= 64],
  ['k', (value) => value === undefined || text(value)?.length === 32],
  ['sig', (value) => value === undefined || text(value)?.length === 64],
  ['salt', (value) => value === undefined || text(value) !== null],
  ['seq', (value) => value === undefined || seqOf(value) !== null],
  ['cas', (value) => value === undefined || seqOf(value) !== null],
  ['v', (value) => value instanceof Unread],
]

function putOf(a: Fields): Record<string, unknown> | Refused {
  if (!inPut.every(([key, isRight]) => isRight(a.get(key)))) return 203
  const [publicKey, signature, salt] = ['k', 'sig', 'salt'].map((key) => text(a.get(key)))
  const seq = seqOf(a.get('seq'))
  const isMutable = publicKey !== null || signature !== null
  if (isMutable && (publicKey === null || signature === null || seq === null)) return 203
  const value = (a.get('v') as Unread).text
  if (value.length > 1000) return 205
  if (!isCanonical(value)) return 203
  if ((salt?.length ?? 0) > 64) return 207
  const signed = isMutable ? { publicKey, salt: salt ?? '', seq, signature } : null
  const cas = isMutable ? seqOf(a.get('cas')) : null
  return { method: 'put', token: text(a.get('token')), value, signed, cas }
}

function seqOf(value: Field): bigint | null {
  if (typeof value !== 'number' && typeof value !== 'bigint') return null
  return value >= 0 && BigInt(value) < 2n ** 63n ? BigInt(value) : null
}

/** Read leniently, written strictly: the same again only when it was canonical (K-13). */
function isCanonical(value: string): boolean {
  try {
    const lenient = { ...STORED_VALUE, canonicalNumbers: false, ascendingKeys: false }
    return textOf(encodeBencode(decodeBencode(bytesOf(value), lenient))) === value
  } catch (error) {
    if (error instanceof BencodeError) return false
    throw error
  }
}

function wantOf(want: Field): unknown {
  if (!Array.isArray(want)) return null
  const names = new Set(want.map(text))
  return names.has('n4') || names.has('n6') ? { n4: names.has('n4'), n6: names.has('n6') } : null
}

function replyOf(message: Fields, t: string): Outcome {
  const r = message.get('r')
  if (!(r instanceof Map) || text(r.get('id'))?.length !== 20) return `failed ${t}`
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
  const [seeds, peers] = ['BFsd', 'BFpe'].map((key) => text(r.get(key)))
  if (seeds?.length === 256 && peers?.length === 256) reply['filters'] = { seeds, peers }
  Object.assign(reply, itemOf(r), samplesOf(r))
  return { kind: 'reply', t, id: text(r.get('id')), reply, seenAs: seenAsOf(message) }
}

function itemOf(r: Fields): Record<string, unknown> {
  const [publicKey, signature] = ['k', 'sig'].map((key) => text(r.get(key)))
  const seq = seqOf(r.get('seq'))
  const bad = { badItem: 'item-malformed' }
  if (r.has('seq') && seq === null) return bad
  const v = r.get('v')
  if (!(v instanceof Unread)) return seq === null ? {} : { seq }
  if (v.text.length > 1000 || !isCanonical(v.text)) return bad
  if (!r.has('k') && !r.has('sig')) return { value: v.text }
  const isWhole = publicKey?.length === 32 && signature?.length === 64 && seq !== null
  return isWhole ? { value: v.text, publicKey, signature, seq } : bad
}

function samplesOf(r: Fields): Record<string, unknown> {
  const samples = text(r.get('samples'))
  if (samples === null || samples.length % 20 !== 0) return {}
  const found: Record<string, unknown> = { samples: samples.match(/.{20}/gs)?.slice(0, 100) ?? [] }
  const interval = r.get('interval')
  if (typeof interval === 'number') found['interval'] = Math.min(Math.max(interval, 0), 21_600)
  if (typeof interval === 'bigint') found['interval'] = interval < 0n ? 0 : 21_600
  const num = r.get('num')
  if (typeof num === 'number' && num >= 0) found['num'] = num
  return found
}

function isPeer(value: Plain): boolean {
  return value instanceof Uint8Array && (unpackAddress(value)?.port ?? 0) !== 0
}

function contactsOf(nodes: Uint8Array, size: number): unknown {
  return Array.from({ length: nodes.length / size }, (_, i) => nodes.subarray(i * size, (i + 1) * size))
    .map((node) => ({ id: textOf(node.subarray(0, 20)), address: unpackAddress(node.subarray(20))! }))
    .filter(({ address }) => address.port !== 0)
    .slice(0, 16)
}

function errorOf(message: Fields, t: string): Outcome {
  const e = message.get('e')
  const items = (Array.isArray(e) ? e : [e]).slice(0, 2)
  const code = Array.isArray(e) ? items.findLast((item) => typeof item === 'number') : undefined
  const last = items.findLast((item) => item instanceof Uint8Array)
  const shown = last === undefined ? '' : new TextDecoder().decode(last.subarray(0, 128))
  return { kind: 'error', t, code: code ?? 201, message: shown, seenAs: seenAsOf(message) }
}

function seenAsOf(message: Fields): unknown {
  const ip = message.get('ip')
  const address = ip instanceof Uint8Array ? unpackAddress(ip) : null
  return address === null || address.port === 0 ? null : address
}
