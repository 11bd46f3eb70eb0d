// Errors of misuse and of a node that cannot do what it was asked: typed, with a stable code. Expected outcomes
// ("not found", "stored on 3 of 8") are values and not here.

export type XorbitErrorCode =
  /** An argument or option is wrong; the message names it, what it got and what is allowed. */
  | 'bad-argument'
  | 'unknown-option'
  /** The node is open in a role that does not use this method. */
  | 'not-in-role'
  /** Nobody is known to join through. */
  | 'no-seeds'
  /** A value has more bytes than the network takes. */
  | 'too-large'
  /** A key file cannot be read or made; `details.reason` says why. */
  | 'bad-key-file'
  /** The node is closed. */
  | 'closed'
  /** Too many operations of one kind are under way. */
  | 'overload'
  /** The node asked did not answer. */
  | 'no-answer'
  /** The node asked answered with an error; `details` has its code. */
  | 'refused'

export class XorbitError extends Error {
  override readonly name = 'XorbitError'
  readonly code: XorbitErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: XorbitErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.code = code
    this.details = details
  }
}

/** An argument that is wrong: 'port: expected 1 to 65535, got 70000'. */
export function badArgument(name: string, expected: string, got: unknown): XorbitError {
  return new XorbitError('bad-argument', `${name}: expected ${expected}, got ${shown(got)}`, {
    argument: name,
  })
}

/** A value as an error message shows it: short, and on one line. */
export function shown(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`
  const text = textOf(value).replaceAll(/\s+/g, ' ')
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

function textOf(value: unknown): string {
  // JSON writes NaN and infinities as null.
  if (typeof value === 'number') return String(value)
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return typeof value === 'bigint' ? `${value}n` : `an ${typeof value}`
  }
}
