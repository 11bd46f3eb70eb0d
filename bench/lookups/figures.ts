// Makes one row of a table of the samples of a variant. Measures nothing.
import type { Sample } from './trial.ts'

export const HEAD: readonly string[] = [
  'way of looking up',
  'recall (least)',
  'end, median',
  '95 %',
  'first result, median',
  '95 %',
  'all 8 stored, median',
  '95 %',
  'messages',
  'hops',
]

export function rowOf(name: string, samples: readonly Sample[]): string[] {
  const numbers = (pick: (sample: Sample) => number | null): number[] =>
    samples.flatMap((sample) => pick(sample) ?? [])
  const recalls = numbers(({ recall }) => recall)
  const least = recalls.reduce((a, b) => Math.min(a, b), 1)
  const times = [
    numbers(({ endMs }) => endMs),
    numbers(({ firstMs }) => firstMs),
    numbers(({ storedMs }) => storedMs),
  ]
  return [
    name,
    `${(100 * mean(recalls)).toFixed(2)} % (${Math.round(100 * least)} %)`,
    ...times.flatMap((ms) => [milliseconds(quantile(ms, 0.5)), milliseconds(quantile(ms, 0.95))]),
    mean(numbers(({ messages }) => messages)).toFixed(1),
    mean(numbers(({ hops }) => hops)).toFixed(2),
  ]
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length
}

function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

const milliseconds = (ms: number): string => `${Math.round(ms).toLocaleString('en-US')} ms`
