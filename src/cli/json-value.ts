// Values of any network as JSON, which has fewer kinds of them. Not here: what is a text (the network's word).
import { toHex } from '../kademlia/id.ts'

/**
 * What JSON has no form for: bytes become `{"hex"}`, a dictionary with keys that are no text `{"entries":[[key,value]]}`,
 * a number that is none or infinite `{"float"}`. Bigints stay, for toJson.
 */
export function asJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return { hex: toHex(value) }
  if (Array.isArray(value)) return value.map(asJson)
  if (value instanceof Map) {
    return { entries: Array.from(value, ([key, inner]) => [asJson(key), asJson(inner)]) }
  }
  if (typeof value === 'number' && !Number.isFinite(value)) return { float: String(value) }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asJson(inner)]))
}
