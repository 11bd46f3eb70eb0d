// Values of msgpack for tests: random ones, bytes written as hex digits, and a second reader to hold ours against, which
// goes by the table of the old specification as plainly as can be: recursive, a read for each type.
import fc from 'fast-check'
import { MsgPackFloat, MsgPackMap } from '../../src/codecs/msgpack.ts'
import type { MsgPackValue } from '../../src/codecs/msgpack.ts'

/** Blanks between digits are for the eye. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.from(Buffer.from(digits.replaceAll(' ', ''), 'hex'))
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** Text as a raw. */
export function raw(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'utf8'))
}

/** A map with text as keys. */
export function mapOf(fields: Readonly<Record<string, MsgPackValue>>): MsgPackMap {
  return new MsgPackMap(Object.entries(fields).map(([key, value]) => [raw(key), value]))
}

const integers = fc.oneof(
  fc.integer({ min: -300, max: 300 }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })
    .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value)),
)

const scalars: fc.Arbitrary<MsgPackValue> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  integers.map((value) => (value === 0 ? 0 : value)),
  fc.double().map((value) => new MsgPackFloat(value)),
  fc.uint8Array({ maxLength: 40 }),
)

/** Any value, a few levels deep; keys of maps are anything and may come twice. */
export const values: fc.Arbitrary<MsgPackValue> = fc.letrec<{ value: MsgPackValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalars,
    fc.array(tie('value'), { maxLength: 20 }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 20 }).map((pairs) => new MsgPackMap(pairs)),
  ),
})).value

/** Reads one value and what is behind it; throws RangeError for what is none. */
export function plainlyRead(bytes: Buffer): { value: MsgPackValue; rest: Buffer } {
  const [type, rest] = [bytes.readUInt8(0), bytes.subarray(1)]
  if (type <= 0x7f) return { value: type, rest }
  if (type <= 0x8f) return mapFrom(rest, type & 15)
  if (type <= 0x9f) return arrayFrom(rest, type & 15)
  if (type <= 0xbf) return rawFrom(rest, type & 31)
  if (type >= 0xe0) return { value: type - 256, rest }
  const read = READERS[type]
  if (read === undefined) throw new RangeError(`type ${type}`)
  return read(rest)
}

type Reader = (rest: Buffer) => { value: MsgPackValue; rest: Buffer }

const scalar =
  (width: number, read: (from: Buffer) => MsgPackValue): Reader =>
  (rest) => ({ value: read(rest), rest: rest.subarray(width) })

const narrow = (value: bigint): MsgPackValue => (Number.isSafeInteger(Number(value)) ? Number(value) : value)

const READERS: Readonly<Record<number, Reader>> = {
  0xc0: scalar(0, () => null),
  0xc2: scalar(0, () => false),
  0xc3: scalar(0, () => true),
  0xca: scalar(4, (from) => new MsgPackFloat(from.readFloatBE(0))),
  0xcb: scalar(8, (from) => new MsgPackFloat(from.readDoubleBE(0))),
  0xcc: scalar(1, (from) => from.readUInt8(0)),
  0xcd: scalar(2, (from) => from.readUInt16BE(0)),
  0xce: scalar(4, (from) => from.readUInt32BE(0)),
  0xcf: scalar(8, (from) => narrow(from.readBigUInt64BE(0))),
  0xd0: scalar(1, (from) => from.readInt8(0)),
  0xd1: scalar(2, (from) => from.readInt16BE(0)),
  0xd2: scalar(4, (from) => from.readInt32BE(0)),
  0xd3: scalar(8, (from) => narrow(from.readBigInt64BE(0))),
  0xda: (rest) => rawFrom(rest.subarray(2), rest.readUInt16BE(0)),
  0xdb: (rest) => rawFrom(rest.subarray(4), rest.readUInt32BE(0)),
  0xdc: (rest) => arrayFrom(rest.subarray(2), rest.readUInt16BE(0)),
  0xdd: (rest) => arrayFrom(rest.subarray(4), rest.readUInt32BE(0)),
  0xde: (rest) => mapFrom(rest.subarray(2), rest.readUInt16BE(0)),
  0xdf: (rest) => mapFrom(rest.subarray(4), rest.readUInt32BE(0)),
}

function rawFrom(rest: Buffer, length: number): { value: MsgPackValue; rest: Buffer } {
  if (length > rest.length) throw new RangeError('a raw is cut short')
  return { value: Uint8Array.from(rest.subarray(0, length)), rest: rest.subarray(length) }
}

function arrayFrom(rest: Buffer, count: number): { value: readonly MsgPackValue[]; rest: Buffer } {
  const items: MsgPackValue[] = []
  let behind = rest
  for (let i = 0; i < count; i++) {
    const item = plainlyRead(behind)
    items.push(item.value)
    behind = item.rest
  }
  return { value: items, rest: behind }
}

function mapFrom(rest: Buffer, count: number): { value: MsgPackValue; rest: Buffer } {
  const flat = arrayFrom(rest, 2 * count)
  const pairs = Array.from({ length: count }, (_, i) => [flat.value[2 * i]!, flat.value[2 * i + 1]!] as const)
  return { value: new MsgPackMap(pairs), rest: flat.rest }
}
