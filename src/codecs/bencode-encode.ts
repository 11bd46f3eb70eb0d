// Bencoded bytes from values: always the one canonical form. For messages on the fast path a wire writes its
// bytes itself.
import { BencodeDictionary, BencodeError } from './bencode-value.ts'
import type { BencodeInput } from './bencode-value.ts'

/** Containers inside each other; also what ends a value that contains itself. */
const MAX_DEPTH = 64

const TEXT = new TextEncoder()

/**
 * Encodes a value with keys sorted as raw bytes (K-14). Throws BencodeError 'not-encodable' for anything that is no
 * BencodeInput (fractions, unsafe numbers, booleans, null, undefined, class instances, two equal keys) with the
 * path to it, and 'too-deep' beyond 64 levels.
 */
export function encodeBencode(value: BencodeInput): Uint8Array {
  const writer = new Writer()
  writeValue(writer, value, [])
  return writer.result()
}

/** Bytes that grow. */
class Writer {
  #buffer = new Uint8Array(256)
  #at = 0

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#at)
    this.#at += bytes.length
  }

  ascii(text: string): void {
    this.#reserve(text.length)
    for (let i = 0; i < text.length; i++) this.#buffer[this.#at++] = text.charCodeAt(i)
  }

  byteString(bytes: Uint8Array): void {
    this.ascii(`${bytes.length}:`)
    this.bytes(bytes)
  }

  result(): Uint8Array {
    return this.#buffer.slice(0, this.#at)
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#buffer.length) return
    const larger = new Uint8Array(Math.max(2 * this.#buffer.length, this.#at + count))
    larger.set(this.#buffer.subarray(0, this.#at))
    this.#buffer = larger
  }
}

type Path = (string | number)[]

function writeValue(writer: Writer, value: unknown, path: Path): void {
  if (path.length > MAX_DEPTH) throw new BencodeError('too-deep', `more than ${MAX_DEPTH} levels`)
  if (typeof value === 'string') writer.byteString(TEXT.encode(value))
  else if (typeof value === 'number' || typeof value === 'bigint') writeInteger(writer, value, path)
  else if (value instanceof Uint8Array) writer.byteString(value)
  else if (Array.isArray(value)) writeList(writer, value, path)
  else writeDictionary(writer, entriesOf(value, path), path)
}

function writeInteger(writer: Writer, value: number | bigint, path: Path): void {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) refuse(value, path)
  writer.ascii(`i${value}e`)
}

function writeList(writer: Writer, list: readonly unknown[], path: Path): void {
  writer.ascii('l')
  for (let i = 0; i < list.length; i++) {
    path.push(i)
    writeValue(writer, list[i], path)
    path.pop()
  }
  writer.ascii('e')
}

function writeDictionary(writer: Writer, entries: [Uint8Array, unknown][], path: Path): void {
  entries.sort((a, b) => compareBytes(a[0], b[0]))
  writer.ascii('d')
  let before: Uint8Array | null = null
  for (const [key, value] of entries) {
    path.push(String.fromCharCode(...key.subarray(0, 32)))
    if (before !== null && compareBytes(before, key) === 0) refuse('a second entry of the same key', path)
    writer.byteString(key)
    writeValue(writer, value, path)
    path.pop()
    before = key
  }
  writer.ascii('e')
}

function entriesOf(value: unknown, path: Path): [Uint8Array, unknown][] {
  if (value instanceof BencodeDictionary) {
    return Array.from(value, ([key, inner]) => [Uint8Array.from(key, (c) => c.charCodeAt(0)), inner])
  }
  if (value instanceof Map) {
    return Array.from(value as Map<unknown, unknown>, ([key, inner]) => [keyBytes(key, path), inner])
  }
  if (typeof value !== 'object' || value === null) refuse(value, path)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) refuse(value, path)
  return Object.entries(value).map(([key, inner]) => [TEXT.encode(key), inner])
}

function keyBytes(key: unknown, path: Path): Uint8Array {
  if (typeof key === 'string') return TEXT.encode(key)
  return key instanceof Uint8Array ? key : refuse(key, path)
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = a[i]! - b[i]!
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function refuse(value: unknown, path: Path): never {
  const shown =
    typeof value === 'object' && value !== null ? Object.prototype.toString.call(value) : String(value)
  const where = path.length === 0 ? '' : ` at ${path.join('.')}`
  throw new BencodeError(
    'not-encodable',
    `expected a safe integer, bigint, string, Uint8Array, array, Map or plain object${where}, got ${shown.slice(0, 48)}`,
  )
}
