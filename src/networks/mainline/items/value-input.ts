// Reading a value that somebody wants to put: whether bencode has a form for all of it, or JSON has to carry it, or
// neither can. Misuse is a typed error that names the path. Not here: bytes (value.ts).
import { STORED_VALUE, type BencodeInput } from '../../../codecs/bencode.ts'
import { badArgument, XorbitError } from '../../../node/errors.ts'
import { MAX_ITEM_BYTES } from '../wire/bounds.ts'

/**
 * A value to put. Text is written as UTF-8, a Map as a dictionary. true, false, null, fractions and numbers beyond ±2^53
 * make the whole value travel as JSON, so that they cannot be in one with bytes, bigints and Maps.
 */
export type ValueLike =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  // Arrays, Maps and plain objects of such values. Not spelled out, for then TypeScript would refuse what has an interface.
  | object

/** How a value can be encoded. */
export interface ReadValue {
  /** For bencode; of no use when `asJson`. */
  readonly input: BencodeInput
  readonly asJson: boolean
}

/** Reads a value. Throws XorbitError 'bad-argument' with the path, and 'too-large' for what is so without counting bytes. */
export function readValue(value: unknown): ReadValue {
  const reading = new Reading()
  const input = reading.read(value)
  const { needsJson, needsBencode } = reading
  if (needsJson !== null && needsBencode !== null) {
    const [argument, kind] = needsBencode
    const [where, what] = needsJson
    throw refusalAt(
      argument,
      `${kind} cannot be in one value with ${what}, which is at ${where} and needs JSON`,
    )
  }
  return { input, asJson: needsJson !== null }
}

/** More parts than this are not counted to the byte. What stands in several places is one part in each. */
const MAX_PARTS = 100_000

/** Containers inside each other: each has two bytes, in bencode and in JSON. */
const MAX_LEVELS = MAX_ITEM_BYTES / 2

const ALLOWED = 'null, a boolean, number, bigint, string, Uint8Array, array, Map or plain object'

/** The path to something, and what it is. */
type Found = readonly [path: string, what: string]

class Reading {
  /** The first that bencode has no form for, and that JSON has none for. */
  needsJson: Found | null = null
  needsBencode: Found | null = null
  #partsLeft = MAX_PARTS
  /** The containers that are open, at most MAX_LEVELS, and the path to where we are. */
  readonly #around: object[] = []
  readonly #path: (string | number)[] = []

  read(value: unknown): BencodeInput {
    if (--this.#partsLeft < 0) throw tooLarge()
    switch (typeof value) {
      case 'string':
        if (!value.isWellFormed()) this.#onlyJson('text that is no Unicode')
        return value
      case 'number':
        return this.#number(value)
      case 'bigint':
        this.#onlyBencode('a bigint')
        return value
      case 'boolean':
        this.#onlyJson(String(value))
        return 0
      case 'object':
        return this.#object(value)
      default:
        throw this.#refusal(value === undefined ? 'undefined' : `a ${typeof value}`)
    }
  }

  #number(value: number): number {
    if (!Number.isFinite(value)) throw this.#refusal(String(value))
    if (!Number.isSafeInteger(value)) this.#onlyJson(String(value))
    return value
  }

  #object(value: object | null): BencodeInput {
    if (value === null) {
      this.#onlyJson('null')
      return 0
    }
    if (value instanceof Uint8Array) {
      this.#onlyBencode('bytes')
      return value
    }
    if (this.#around.includes(value)) throw this.#refusal('a value that is inside itself')
    if (this.#around.length >= MAX_LEVELS) throw tooLarge()
    if (this.#around.length >= STORED_VALUE.maxDepth) {
      this.#onlyJson(`what is more than ${STORED_VALUE.maxDepth} levels deep`)
    }
    this.#around.push(value)
    const input = this.#container(value)
    this.#around.pop()
    return input
  }

  #container(value: object): BencodeInput {
    if (Array.isArray(value)) return Array.from(value, (inner, index) => this.#inside(index, inner))
    if (value instanceof Map) {
      this.#onlyBencode('a Map')
      return new Map(Array.from(value as Map<unknown, unknown>, ([key, inner]) => this.#entry(key, inner)))
    }
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) throw this.#refusal(classOf(value))
    return new Map(Object.entries(value).map(([key, inner]) => this.#entry(key, inner)))
  }

  #entry(key: unknown, value: unknown): [string | Uint8Array, BencodeInput] {
    if (typeof key === 'string') {
      const inner = this.#inside(key, value)
      if (!key.isWellFormed()) this.#onlyJson('a key that is no Unicode')
      return [key, inner]
    }
    if (!(key instanceof Uint8Array)) {
      throw badArgument(this.#where(), 'keys of text or bytes', typeof key === 'object' ? 'an object' : key)
    }
    return [key, this.#inside(`<${key.length} bytes>`, value)]
  }

  #inside(step: string | number, value: unknown): BencodeInput {
    this.#path.push(step)
    const input = this.read(value)
    this.#path.pop()
    return input
  }

  #onlyJson(what: string): void {
    this.needsJson ??= [this.#where(), what]
  }

  #onlyBencode(what: string): void {
    this.needsBencode ??= [this.#where(), what]
  }

  #refusal(got: string): XorbitError {
    return refusalAt(this.#where(), `expected ${ALLOWED}, got ${got}`)
  }

  /** The path as one would write it: value.list[0]["a key"]. */
  #where(): string {
    const steps = this.#path.map((step) => {
      if (typeof step === 'number') return `[${step}]`
      return /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`
    })
    const path = `value${steps.join('')}`
    return path.length > 80 ? `${path.slice(0, 60)}...${path.slice(-17)}` : path
  }
}

function refusalAt(path: string, what: string): XorbitError {
  return new XorbitError('bad-argument', `${path}: ${what}`, { argument: path })
}

function tooLarge(): XorbitError {
  return new XorbitError('too-large', `value: more than ${MAX_ITEM_BYTES} bytes encoded`, {
    argument: 'value',
  })
}

function classOf(value: object): string {
  const { constructor } = value
  return typeof constructor === 'function' && constructor.name !== ''
    ? `a ${constructor.name}`
    : 'an object with a class'
}
