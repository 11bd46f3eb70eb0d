// A message as plain values, read the slow way: by a grammar of regular expressions, for the oracle.
// The bounds are those of the envelope (10 levels, 500 tokens, 20 digits); `v` inside of `a` and `r` is cut out unread.

/** A value that was cut out and not read: its spelling, one character a byte. */
export class Unread {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Plain = number | bigint | Uint8Array | Plain[] | Map<string, Plain> | Unread

export class Malformed extends Error {}

const MAX_DEPTH = 10
const MAX_TOKENS = 500

export function plainMessage(bytes: Uint8Array): Plain {
  return new Reader(Buffer.from(bytes).toString('latin1')).value([])
}

class Reader {
  readonly #text: string
  #at = 0
  #tokens = 0

  constructor(text: string) {
    this.#text = text
  }

  /** `path`: the keys that lead here, '' for a list. */
  value(path: readonly string[]): Plain {
    this.#count()
    if (this.#take(/l/y)) return this.#list(this.#deeper(path, ''))
    if (this.#take(/d/y)) return this.#dictionary(this.#deeper(path, null))
    const integer = this.#take(/i(-?\d{1,20})e/y)
    if (integer !== null) return exactly(BigInt(integer[1]!))
    return Buffer.from(this.#string(), 'latin1')
  }

  #list(path: readonly string[]): Plain[] {
    const list: Plain[] = []
    while (!this.#ends()) list.push(this.value(path))
    return list
  }

  #dictionary(path: readonly string[]): Map<string, Plain> {
    const entries = new Map<string, Plain>()
    while (!this.#ends()) {
      this.#count()
      const key = this.#string()
      const isFirst = !entries.has(key)
      const isUnread = isFirst && key === 'v' && ['a', 'r'].includes(path.join('/'))
      // What is in the second of two is not known: it is read to its end like anything else.
      const value = isUnread ? this.#unread() : this.value([...path, isFirst ? key : 'again'])
      if (isFirst) entries.set(key, value)
    }
    return entries
  }

  #deeper(path: readonly string[], inList: '' | null): readonly string[] {
    if (path.length >= MAX_DEPTH) throw new Malformed()
    return inList === null ? path : [...path, inList]
  }

  #unread(): Unread {
    const start = this.#at
    let depth = 0
    do {
      if (this.#take(/[dl]/y)) depth++
      else if (depth > 0 && this.#take(/e/y)) depth--
      else if (!this.#take(/i[^e]*e/y)) this.#string(/(\d+):/y)
    } while (depth > 0)
    return new Unread(this.#text.slice(start, this.#at))
  }

  #string(prefix = /(\d{1,20}):/y): string {
    const length = Number(this.#take(prefix)?.[1] ?? Number.NaN)
    const end = this.#at + length
    if (!(end <= this.#text.length)) throw new Malformed()
    const content = this.#text.slice(this.#at, end)
    this.#at = end
    return content
  }

  #ends(): boolean {
    if (this.#at >= this.#text.length) throw new Malformed()
    if (!this.#take(/e/y)) return false
    this.#count()
    return true
  }

  #count(): void {
    if (++this.#tokens > MAX_TOKENS) throw new Malformed()
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found !== null) this.#at = pattern.lastIndex
    return found
  }
}

function exactly(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}
