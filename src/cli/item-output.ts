// Where a found item goes: to stdout as people or programs read it, as bytes (--raw), or into a new file (--output).
// Not here: finding it, and how it looks (shown-item.ts, shown-signed-value.ts).
import { open, rm, stat } from 'node:fs/promises'
import { badFile, misuse, type Failure } from './failure.ts'
import { counted, type Output, type OutputFlags } from './output.ts'

export interface DestinationFlags extends OutputFlags {
  readonly raw?: true
  readonly output?: string
}

/** What was found, in any network. */
export interface Found {
  /** What --raw and --output are about. */
  readonly bytes: Uint8Array
  /** The fields under --json. */
  readonly facts: object
  shown(isTerminal: boolean): string
  /** What people want to know besides, on stderr. */
  tell(output: Output): void
}

/** Throws Failure before anything is asked, where a found item could not go there. */
export async function checkDestination({ raw, output, json }: DestinationFlags): Promise<void> {
  if (raw === true && json === true)
    throw misuse('--raw', 'no --json beside it (which has them as hex)', '--json')
  if (output === undefined) return
  if (raw === true) throw misuse('--raw', 'no --output beside it (which writes the same bytes)', '--output')
  const isThere = await stat(output).then(
    () => true,
    () => false,
  )
  if (isThere) throw unwritable(output, { code: 'EEXIST' })
}

/** Prints or writes it. Throws Failure 'bad-file'. */
export async function deliver(
  found: Found,
  { flags, output }: { flags: DestinationFlags; output: Output },
): Promise<void> {
  const { bytes, facts } = found
  if (flags.raw === true) output.bytes(bytes)
  else if (flags.output === undefined) output.result(found.shown(process.stdout.isTTY), facts)
  else {
    await write(flags.output, bytes)
    output.result(`wrote ${counted(bytes.length, 'byte')} to ${flags.output}`, {
      ...facts,
      file: flags.output,
    })
  }
  found.tell(output)
}

/** Into a new file, which is gone again if it could not be written whole. */
async function write(path: string, bytes: Uint8Array): Promise<void> {
  try {
    const file = await open(path, 'wx')
    try {
      await file.writeFile(bytes)
    } catch (error) {
      await rm(path, { force: true })
      throw error
    } finally {
      await file.close()
    }
  } catch (error) {
    throw unwritable(path, error)
  }
}

function unwritable(path: string, error: unknown): Failure {
  return badFile('--output', `cannot write ${path}`, error)
}
