// What a transport dropped, by reason: a word of ours, or the system's error code. Not here: what is a reason.

/** Bound of the reasons that are counted apart; further ones are 'other'. */
const MAX_REASONS = 64

export class DropCounts {
  /** At most MAX_REASONS and 'other'. */
  readonly #counts = new Map<string, number>()

  add(reason: string): void {
    const known = this.#counts.has(reason) || this.#counts.size < MAX_REASONS
    const name = known ? reason : 'other'
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  toRecord(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }
}
