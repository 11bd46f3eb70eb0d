// What a command prints: lines for people or, with --json, one JSON object a line, on stdout; notes for people on stderr.
// Whoever reads stdout may leave (`| head -1`); then nothing more is written and the command is told, once.
import { styleText } from 'node:util'
import { printable } from './printable.ts'

export interface OutputFlags {
  readonly json?: boolean
  readonly verbose?: boolean
}

export class Output {
  readonly json: boolean
  readonly verbose: boolean
  /** Called once when nobody reads stdout any more. */
  onReaderGone: () => void = () => {}
  private readerGone = false

  constructor({ json = false, verbose = false }: OutputFlags) {
    this.json = json
    this.verbose = verbose
    process.stdout.on('error', () => {
      if (this.readerGone) return
      this.readerGone = true
      this.onReaderGone()
    })
    // Notes that nobody reads are no reason to end.
    process.stderr.on('error', () => {})
  }

  /** A result: lines for people, or the object with --json (bigints to the digit); null where the one has nothing to say. */
  result(human: string | null, machine: object | null): void {
    const text = this.json ? machine && toJson(machine) : human
    if (text !== null && !this.readerGone) process.stdout.write(`${text}\n`)
  }

  /** A result of bytes, as they are. */
  bytes(bytes: Uint8Array): void {
    if (!this.readerGone) process.stdout.write(bytes)
  }

  /** A remark for people, on stderr; nothing with --json. */
  note(text: string): void {
    if (!this.json) process.stderr.write(`${printable(text)}\n`)
  }

  /** A remark that only --verbose shows, on stderr. */
  detail(text: string): void {
    if (this.verbose) process.stderr.write(`${styled('dim', printable(text), process.stderr)}\n`)
  }
}

/** JSON in which a bigint is a number with all its digits. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'bigint' ? RAW.rawJSON(each.toString()) : each,
  )
}

/** Node 22 has it, TypeScript's ES2024 not yet. */
const RAW = JSON as typeof JSON & { rawJSON(text: string): object }

/** Colours only on a terminal, and not with NO_COLOR. */
export function styled(
  style: 'bold' | 'dim' | 'green' | 'red' | 'yellow',
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  return styleText(style, text, { stream })
}

/** '1 node', '3 nodes', '2 copies'. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`
}
