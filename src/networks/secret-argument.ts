// Errors about arguments that may be secrets. Not here: arguments that anybody may see (node/errors.ts).
import { XorbitError } from '../node/errors.ts'

/** What badArgument is to other arguments: `got` is told in words and never shows what was given. */
export function secretArgument(
  name: string,
  { expected, got }: { expected: string; got: string },
): XorbitError {
  return new XorbitError('bad-argument', `${name}: expected ${expected}, got ${got}`, { argument: name })
}
