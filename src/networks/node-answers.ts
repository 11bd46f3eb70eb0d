// What the answers of all networks have in common: a read-only node gives none, and a store that fails brings nobody down.
// Not here: what is answered (each network's answers.ts).
import type { Answer, Answers, Asker } from '../kademlia/ports.ts'

export interface NodeAnswersParts {
  /** The store does not take what it should. */
  readonly storeFailed: (error: unknown) => void
  /** A read-only node answers nothing. */
  readonly readOnly: () => boolean
}

export abstract class NodeAnswers<Q, R> implements Answers<Q, R> {
  readonly #parts: NodeAnswersParts
  readonly #unavailable: Answer<R>

  /** `unavailable`: what is said where the store fails. */
  constructor(parts: NodeAnswersParts, unavailable: Answer<R>) {
    this.#parts = parts
    this.#unavailable = unavailable
  }

  answer(query: Q, from: Asker, now: number): Answer<R> {
    if (this.#parts.readOnly()) return null
    try {
      return this.choose(query, from, now)
    } catch (error) {
      // A store that was closed under us, or one that the user brought: no message may bring us down.
      this.#parts.storeFailed(error)
      return this.#unavailable
    }
  }

  /** The answer by the method. */
  protected abstract choose(query: Q, from: Asker, now: number): Answer<R>
}

/** An answer that writes nothing. */
export function read<R>(reply: R): Answer<R> {
  return { reply, acknowledgesWrite: false }
}
