// The content of a value to put: given as an argument, in a file or on stdin; read within bounds, and refused here when it
// is too large, before anybody is asked. Not here: how results are shown (shown-item.ts).
import { closeSync, constants, createReadStream, fstatSync, openSync, type Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { MAX_MESSAGE_BYTES } from '../networks/drogulus/wire/bounds.ts'
import { MAX_OWN_VALUE_BYTES } from '../networks/khashmir/wire/bounds.ts'
import { MAX_ITEM_BYTES } from '../networks/mainline/wire/bounds.ts'
import type { Ending } from './ending.ts'
import { badFile, Failure, MISUSE, misuse } from './failure.ts'
import type { Output } from './output.ts'
import { withProgress } from './progress.ts'

/** Where content comes from; exactly one is given. */
export interface ContentSource {
  readonly value: string | undefined
  readonly file: string | undefined
}

/** How much may be read; `allowed` says it in words. */
export interface SizeLimit {
  readonly mostBytes: number
  readonly allowed: string
}

/** What reading may be ended by, where it says that it waits, and how much it may read. */
export interface Reading {
  readonly ending: Ending
  readonly output: Output
  readonly limit: SizeLimit
}

/** Of a file or stdin no more is read than tells that it is far too large. */
const MAX_READ_BYTES = 1_048_576

/** Of an item of mainline: what fits beside the length and the colon of a byte string. */
const MAX_CONTENT_BYTES = MAX_ITEM_BYTES - `${MAX_ITEM_BYTES - 4}:`.length

export const ITEM_LIMIT: SizeLimit = {
  mostBytes: MAX_CONTENT_BYTES,
  allowed: `at most ${MAX_CONTENT_BYTES} bytes (${MAX_ITEM_BYTES} in bencode)`,
}

/** Of a value of khashmir. */
export const VALUE_LIMIT: SizeLimit = {
  mostBytes: MAX_OWN_VALUE_BYTES,
  allowed: `at most ${MAX_OWN_VALUE_BYTES} bytes, for it must fit a datagram`,
}

/** Of a value of drogulus; how much exactly the rest of the message takes is known when it is signed. */
export const SIGNED_VALUE_LIMIT: SizeLimit = {
  mostBytes: MAX_MESSAGE_BYTES,
  allowed: `at most ${MAX_MESSAGE_BYTES} bytes with name, key and signature`,
}

/** Stands for stdin, as everywhere. */
const STDIN = '-'

/** Throws Failure when there is no source, or more than one. */
export function checkSource({ value, file }: ContentSource): void {
  if (value === undefined && file === undefined) {
    throw new Failure('bad-argument', 'missing VALUE: text, or - for stdin, or --file FILE', MISUSE)
  }
  if (value !== undefined && file !== undefined) throw misuse('--file', 'no VALUE beside it', value)
}

/** Reads it: 0 bytes or more, within the limit. Throws Failure 'too-large', naming the size, or 'bad-file'. */
export async function readContent({ value, file }: ContentSource, reading: Reading): Promise<Uint8Array> {
  const name = file === undefined ? 'VALUE' : '--file'
  const isText = value !== undefined && value !== STDIN
  const content = isText ? new TextEncoder().encode(value) : await readBytes(name, file ?? STDIN, reading)
  if (content.length > reading.limit.mostBytes) throw tooLarge(name, reading.limit, content.length)
  return content
}

/** What a shell makes of `<(command)`: a pipe that is open already, and has no name besides. */
const INHERITED = /^\/(?:dev|proc\/self)\/fd\/\d+$/

/**
 * Reads a regular file, a pipe that the shell has opened, or stdin where it is `-`. Throws Failure 'too-large' above
 * 1 MiB, or 'bad-file'.
 */
export async function readBytes(
  name: string,
  file: string,
  { ending, output, limit }: Reading,
): Promise<Uint8Array> {
  const isStdin = file === STDIN || file === '/dev/stdin'
  const what = isStdin ? 'stdin' : file
  try {
    const stats = isStdin ? fstatSync(0) : await stat(file)
    if (stats.isDirectory()) throw badFile(name, `cannot read ${what}`, { code: 'EISDIR' })
    // A pipe or a device has no size.
    if (stats.size > MAX_READ_BYTES) throw tooLarge(name, limit, stats.size)
    const stream = isStdin ? process.stdin : opened(name, file, stats)
    const reading = ending.unlessEnded(
      collected(name, limit, stream),
      (time) => `timed out after ${time} while reading ${what}`,
    )
    return await withProgress(output, `reading ${what}`, reading)
  } catch (error) {
    throw error instanceof Error && 'syscall' in error ? badFile(name, `cannot read ${what}`, error) : error
  }
}

/** Never waits in open(): what has been replaced by a pipe since is opened at once, too. */
function opened(name: string, file: string, stats: Stats): Readable {
  const isPipe = stats.isFIFO() && INHERITED.test(file)
  if (!stats.isFile() && !isPipe) {
    throw badFile(name, `cannot read ${file}`, { message: 'it is no regular file; - reads stdin' })
  }
  // Windows has no such flag.
  const fd = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  if (isPipe) return new Socket({ fd, readable: true, writable: false })
  if (fstatSync(fd).isFile()) return createReadStream(file, { fd })
  closeSync(fd)
  throw badFile(name, `cannot read ${file}`, { message: 'it is no regular file any more' })
}

async function collected(name: string, limit: SizeLimit, stream: Readable): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    size += chunk.length
    if (size > MAX_READ_BYTES) throw tooLarge(name, limit, null)
  }
  return Buffer.concat(chunks)
}

/** `size` null: reading was given up. */
function tooLarge(name: string, { allowed }: SizeLimit, size: number | null): Failure {
  const got = size === null ? `more than ${MAX_READ_BYTES} bytes` : `${size} bytes`
  return new Failure('too-large', `${name}: expected ${allowed}, got ${got}`, MISUSE)
}
