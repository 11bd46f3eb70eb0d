// What of a value its owner has signed. Holders can put more into it that no signature covers: a key of a map once more,
// before the one that counts, and any text as the version. Originals lose the one by reading it into a dict.
// Not here: whether it is signed at all (signed-value.ts).
import { MsgPackMap, type MsgPackValue } from '../../../codecs/msgpack-value.ts'
import type { SignedValue } from '../messages.ts'
import { VERSION } from '../wire/bounds.ts'

/** A version that is longer is none, and would make a large record of a small value. */
const MAX_VERSION_BYTES = 64

/** The same value, as well signed, with every key of its maps once, and a version that is no larger than versions are. */
export function onlySigned(item: SignedValue): SignedValue {
  const value = withoutRepeats(item.value)
  const meta = withoutRepeats(item.meta) as MsgPackMap
  const version = item.version.length > MAX_VERSION_BYTES ? VERSION : item.version
  const isSame = value === item.value && meta === item.meta && version === item.version
  return isSame ? item : { ...item, value, meta, version }
}

/** Of a key that comes twice the later value at the place of the first, as in python-order.ts; else the order stays. */
function withoutRepeats(value: MsgPackValue): MsgPackValue {
  if (value instanceof MsgPackMap) return mapWithoutRepeats(value)
  if (!Array.isArray(value)) return value
  const items = (value as readonly MsgPackValue[]).map(withoutRepeats)
  return items.every((item, i) => item === value[i]) ? value : items
}

function mapWithoutRepeats(map: MsgPackMap): MsgPackMap {
  const once = new Map<unknown, readonly [MsgPackValue, MsgPackValue]>()
  let isSame = true
  for (const [key, inner] of map.entries) {
    const value = withoutRepeats(inner)
    const name = nameOf(key)
    const known = once.get(name)
    once.set(name, [known === undefined ? key : known[0], value])
    isSame &&= known === undefined && value === inner
  }
  return isSame ? map : new MsgPackMap([...once.values()])
}

/** The same for keys that are equal in Python 2, as far as maps of several keys may have them. */
function nameOf(key: MsgPackValue): unknown {
  if (key instanceof Uint8Array) return `raw ${Buffer.from(key).toString('latin1')}`
  return typeof key === 'number' || typeof key === 'bigint' ? `integer ${key}` : key
}
