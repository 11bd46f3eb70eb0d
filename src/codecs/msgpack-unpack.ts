// Whole msgpack values from bytes, within bounds. For a few fields of a message see the cursor of msgpack-cursor.ts.
import { KIND, MsgPackCursor } from './msgpack-cursor.ts'
import type { Kind } from './msgpack-cursor.ts'
import { MsgPackFloat, MsgPackMap } from './msgpack-value.ts'
import type { MsgPackValue } from './msgpack-value.ts'
import { MAX_DEPTH } from './msgpack-pack.ts'

export interface MsgPackBounds {
  /** Arrays and maps inside each other. */
  readonly maxDepth: number
  /** Values of any kind, keys and containers too. An empty map of one byte takes some 100 bytes of memory. */
  readonly maxValues: number
}

/**
 * As deep as can be packed. As many values as the largest message of drogulus has bytes: none is refused for them,
 * for the originals refuse none, and 10 MB is the most that one message can take while it is looked at.
 */
const DEFAULT_BOUNDS: MsgPackBounds = { maxDepth: MAX_DEPTH, maxValues: 99_999 }

type Pair = readonly [MsgPackValue, MsgPackValue]

/** A container under construction: an array, or a map, whose key waits for its value. */
interface Open {
  readonly items: MsgPackValue[]
  readonly pairs: Pair[] | null
  key: MsgPackValue | undefined
  /** Values that are still to come, keys too. */
  left: number
}

/**
 * Unpacks the one value that `bytes` are. Raws in it are views of `bytes`; keys of maps may be anything and may come twice.
 * Throws MsgPackError when they are no msgpack of the old specification, or beyond the bounds; nothing else, whatever
 * the bytes.
 */
export function unpackMsgPack(bytes: Uint8Array, bounds: MsgPackBounds = DEFAULT_BOUNDS): MsgPackValue {
  const cursor = new MsgPackCursor()
  cursor.open(bytes)
  const open: Open[] = []
  for (let values = 1; ; values++) {
    if (values > bounds.maxValues) cursor.fail('too-many-values', `more than ${bounds.maxValues} values`)
    const kind = cursor.next()
    let value: MsgPackValue
    if (kind < KIND.array) value = scalar(cursor, kind)
    else {
      if (open.length >= bounds.maxDepth) {
        cursor.fail('too-deep', `more than ${bounds.maxDepth} containers inside each other`)
      }
      const begun = begin(cursor, kind)
      if (begun.left > 0) {
        open.push(begun)
        continue
      }
      value = built(begun)
    }
    const outermost = settle(open, value)
    if (outermost === undefined) continue
    cursor.finish()
    return outermost
  }
}

function scalar(cursor: MsgPackCursor, kind: Kind): MsgPackValue {
  if (kind === KIND.raw) return cursor.bytes.subarray(cursor.start, cursor.end)
  if (kind === KIND.integer) return cursor.integer()
  if (kind === KIND.float) return new MsgPackFloat(cursor.float())
  return kind === KIND.boolean ? cursor.boolean() : null
}

/** Nothing is allocated for what is only announced. */
function begin({ count }: MsgPackCursor, kind: Kind): Open {
  const isMap = kind === KIND.map
  return { items: [], pairs: isMap ? [] : null, key: undefined, left: isMap ? 2 * count : count }
}

function built({ items, pairs }: Open): MsgPackValue {
  return pairs === null ? items : new MsgPackMap(pairs)
}

/** Hands a value to the container around it, which may be whole by it, and so on; undefined: more must come. */
function settle(open: Open[], value: MsgPackValue): MsgPackValue | undefined {
  for (;;) {
    const around = open.at(-1)
    if (around === undefined) return value
    if (around.pairs === null) around.items.push(value)
    else if (around.key === undefined) around.key = value
    else {
      around.pairs.push([around.key, value])
      around.key = undefined
    }
    if (--around.left > 0) return undefined
    open.pop()
    value = built(around)
  }
}
