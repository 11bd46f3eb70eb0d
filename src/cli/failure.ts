// What goes wrong, as a user is told it: one line (or one JSON object) on stderr and an exit code. 1: no answer; 2: misuse.
// Not here: when anything fails; the library's errors come in, with their codes.
import { CommanderError } from 'commander'
import { shown, XorbitError } from '../node/errors.ts'
import { StoreError } from '../stores/store.ts'
import { TransportError } from '../transports/transport-error.ts'
import { printable } from './printable.ts'

export const FOUND = 0
export const NO_ANSWER = 1
export const MISUSE = 2

/** The command cannot do what it was asked. `message` is one line. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly code: string
  readonly exitCode: number

  constructor(code: string, message: string, exitCode: number = NO_ANSWER, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.exitCode = exitCode
  }
}

/** The command was told to end before it was done, and has nothing to say about it. */
export class Stopped extends Error {
  override readonly name = 'Stopped'
  readonly exitCode: number

  constructor(exitCode: number) {
    super('stopped')
    this.exitCode = exitCode
  }
}

/** An argument or option is wrong: its name, what is allowed, what it got. */
export function misuse(name: string, allowed: string, got: unknown): Failure {
  return new Failure('bad-argument', `${name}: expected ${allowed}, got ${shown(got)}`, MISUSE)
}

/** 'a, b or c'. */
export function oneOf(words: readonly string[]): string {
  return [words.slice(0, -1).join(', '), words.at(-1)!].filter((part) => part !== '').join(' or ')
}

const MISUSES: ReadonlySet<string> = new Set([
  'bad-argument',
  'unknown-option',
  'not-in-role',
  'too-large',
  'bad-key-file',
])

/** A file cannot be read or written. */
export function badFile(name: string, what: string, error: unknown): Failure {
  const { code, message } = error as NodeJS.ErrnoException
  const why = code === undefined ? message : (REASONS[code] ?? code)
  return new Failure('bad-file', `${name}: ${what}: ${why}`, MISUSE, { cause: error })
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'access is denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  EEXIST: 'it is there already, and is not overwritten',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
}

/** Any error as what a user is told. `hint` ends the line about a command line that could not be read. */
export function toFailure(error: unknown, hint = ''): Failure {
  if (error instanceof Failure) return error
  if (error instanceof CommanderError) return ofCommander(error, hint)
  const options = { cause: error }
  if (error instanceof XorbitError) {
    return new Failure(error.code, error.message, MISUSES.has(error.code) ? MISUSE : NO_ANSWER, options)
  }
  if (error instanceof TransportError) {
    return new Failure(error.code, inFlags(error.message, '--port'), MISUSE, options)
  }
  if (error instanceof StoreError)
    return new Failure(error.code, `--store: ${error.message}`, MISUSE, options)
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new Failure('unexpected', `${message} (a bug in xorbit; --verbose shows where)`, NO_ANSWER, options)
}

/** What the library says of ports and hosts, with the options of the command line that set them. */
export function inFlags(message: string, portFlag: string): string {
  return message
    .replace('choose another port', `choose another with ${portFlag}`)
    .replace('choose a port above 1023', `choose one above 1023 with ${portFlag}`)
    .replace('choose a host of', 'choose with --host one of')
}

/** Tells it on stderr. */
export function tell(failure: Failure, { json, verbose }: { json: boolean; verbose: boolean }): void {
  const message = printable(failure.message)
  const line = json ? JSON.stringify({ error: { code: failure.code, message } }) : `xorbit: ${message}`
  process.stderr.write(`${line}\n`)
  if (!verbose || json) return
  const { stack } = failure.cause instanceof Error ? failure.cause : failure
  process.stderr.write(`${(stack ?? '').split('\n').map(printable).join('\n')}\n`)
}

const COMMANDER_CODES: Readonly<Record<string, string>> = {
  'commander.unknownOption': 'unknown-option',
  'commander.unknownCommand': 'unknown-command',
}

/** 'error: unknown option '--prot'\n(Did you mean --port?)' becomes one line. */
function ofCommander(error: CommanderError, hint: string): Failure {
  const message =
    error.message
      .replace(/^error: /, '')
      .replace(/\.$/, '')
      .replaceAll('\n', ' ') + hint
  return new Failure(COMMANDER_CODES[error.code] ?? 'bad-argument', message, MISUSE, { cause: error })
}
