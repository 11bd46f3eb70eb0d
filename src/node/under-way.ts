// Writes under way that will promise to keep something alive once they have ended: so that taking back what is not yet
// promised is not forgotten. Not here: the promise itself (keep-alive.ts).

/** One write under way. */
export interface Undertaking {
  readonly name: string
  /** Somebody took it back meanwhile: nothing is to be promised. */
  revoked: boolean
}

export class UnderWay {
  /** One entry a call of the user that has not ended. */
  readonly #all = new Set<Undertaking>()

  begin(name: string): Undertaking {
    const undertaking = { name, revoked: false }
    this.#all.add(undertaking)
    return undertaking
  }

  end(undertaking: Undertaking): void {
    this.#all.delete(undertaking)
  }

  /** Takes back every one of this name; false when there was none. */
  revoke(name: string): boolean {
    let revoked = false
    for (const each of this.#all) {
      if (each.name !== name || each.revoked) continue
      each.revoked = true
      revoked = true
    }
    return revoked
  }
}
