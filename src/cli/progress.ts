// Waiting, told: a command that is silent for long looks broken.
import type { Output } from './output.ts'

const PATIENCE_MS = 1_000
/** Between further lines about what takes long. */
const AGAIN_MS = 10_000

/** Waits for the work; says what for, in one line, if it takes longer than a second. */
export async function withProgress<T>(output: Output, what: string, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => output.note(`${what} ... (Ctrl-C gives up)`), PATIENCE_MS)
  try {
    return await work
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Says how far it is after a second and then now and then, until it is ended; not where what `told` gives is null, for
 * then something else has been printed meanwhile.
 */
export function sayHowFar(output: Output, told: () => string | null): { end(): void } {
  const say = (): void => {
    const what = told()
    if (what !== null) output.note(`${what} ... (Ctrl-C gives up)`)
    timer = setTimeout(say, AGAIN_MS)
  }
  let timer = setTimeout(say, PATIENCE_MS)
  return { end: () => clearTimeout(timer) }
}
