// Reading what users give: options objects, whole numbers, flags. Misuse is a typed error that names the argument, what
// it got and what is allowed. Not here: what only one network knows, such as its ids.
import { badArgument, shown, XorbitError } from './errors.ts'

/** Refuses what is no object, and names in it that are not known. Throws XorbitError. */
export function refuseUnknown(what: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw badArgument(`${what}s`, `an object with ${known.join(', ')}`, given)
  }
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue
    throw new XorbitError('unknown-option', `unknown ${what} ${shown(name)}; known are ${known.join(', ')}`)
  }
}

/** Reads a whole number within bounds, both allowed. Throws XorbitError 'bad-argument'. */
export function toInteger(
  name: string,
  value: unknown,
  [least, most]: readonly [least: number, most: number],
): number {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
    throw badArgument(name, `a whole number from ${least} to ${most}`, value)
  }
  return value as number
}

/** Reads true or false. Throws XorbitError 'bad-argument'. */
export function toFlag(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw badArgument(name, 'true or false', value)
  return value
}

/** Reads the options of one operation: a signal, and what else is known. Throws XorbitError, or what the signal says. */
export function checkOperation(options: unknown, known: readonly string[] = []): void {
  refuseUnknown('option', options, ['signal', ...known])
  const { signal } = options as { readonly signal?: unknown }
  if (signal === undefined) return
  if (!(signal instanceof AbortSignal)) throw badArgument('signal', 'an AbortSignal', signal)
  signal.throwIfAborted()
}
