// How whatever expires is dropped: piece by piece, so that no call takes long. What is due, and in which order, its owner
// knows.

/** Drops what `due` offers until it offers null, at most `limit`; how many were dropped. */
export function dropDue<T>(limit: number, due: () => T | null, drop: (entry: T) => void): number {
  let dropped = 0
  while (dropped < limit) {
    const entry = due()
    if (entry === null) break
    drop(entry)
    dropped++
  }
  return dropped
}
