// Waiting, told: a command that is silent for long looks broken.
import type { Output } from './output.ts'

const PATIENCE_MS = 1_000

/** Waits for the work; says what for, in one line, if it takes longer than a second. */
export async function withProgress<T>(output: Output, what: string, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => output.note(`${what} ... (Ctrl-C gives up)`), PATIENCE_MS)
  try {
    return await work
  } finally {
    clearTimeout(timer)
  }
}
