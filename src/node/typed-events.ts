// Typed events: a small emitter that works everywhere and in which no event without a listener can crash anything.
// Not a stream: who listens late has missed what was before.

/** Event name → listeners. `Events` maps each name to the one argument that its listeners get. */
export class TypedEvents<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(detail: never) => void>>()

  /** Calls the listener at each such event; the result takes it off again. */
  on<Name extends keyof Events>(name: Name, listener: (detail: Events[Name]) => void): () => void {
    let known = this.#listeners.get(name)
    if (known === undefined) {
      known = new Set()
      this.#listeners.set(name, known)
    }
    known.add(listener)
    return () => void known.delete(listener)
  }

  /** Tells all listeners. One that throws does not keep the others from hearing; its error surfaces on its own. */
  emit<Name extends keyof Events>(name: Name, detail: Events[Name]): void {
    // A copy: who is added while they are told hears of the next one.
    const listeners = Array.from(this.#listeners.get(name) ?? [])
    for (const listener of listeners) {
      try {
        ;(listener as (detail: Events[Name]) => void)(detail)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  clear(): void {
    this.#listeners.clear()
  }
}
