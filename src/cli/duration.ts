// Durations as users write them: `500ms`, `5s`, `2m`, `1h`, `7d`; a bare number is seconds.
import { misuse } from './failure.ts'

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  '': 1_000,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** What one timer can take, and longer than anybody waits for a command. */
const MAX_MS = 24 * 3_600_000

/** Reads a duration in ms, 1 ms to 24 h. Throws Failure naming `name`. */
export function readDuration(name: string, text: string): number {
  const ms = parseDuration(text)
  if (!(ms >= 1 && ms <= MAX_MS)) {
    throw misuse(name, 'a duration from 1ms to 24h, such as 500ms, 5s or 5 (seconds)', text)
  }
  return ms
}

/** A duration in ms, of any length; NaN: it is none. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim())
  return match === null ? NaN : Math.round(Number(match[1]) * UNIT_MS[match[2] ?? '']!)
}

/** A measured time for people: three digits that matter. */
export function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0)} ms`
}

/** A chosen duration for people, in the largest unit that leaves it whole. */
export function shownDuration(ms: number): string {
  for (const unit of ['h', 'm', 's'] as const)
    if (ms % UNIT_MS[unit]! === 0) return `${ms / UNIT_MS[unit]!} ${unit}`
  return `${ms} ms`
}
