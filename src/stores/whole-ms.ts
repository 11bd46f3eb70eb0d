// Times as stores keep them: whole ms since 1970, so that memory and file hold the same number.

/** Rounds to whole ms. Throws RangeError for NaN, infinities and what a double does not hold exactly. */
export function wholeMs(time: number, field: string): number {
  const rounded = Math.round(time)
  if (!Number.isSafeInteger(rounded)) throw new RangeError(`${field} must be a time in ms, got ${time}`)
  return rounded
}
