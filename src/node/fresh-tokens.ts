// Who gave tokens for a key a short while ago and took what was written then, so that writing there again takes one round
// trip instead of a lookup. Tokens are good for at least five minutes with most nodes (BEP 5 accepts ten); a node that
// refuses one is no loss: the writer then walks anew. Not here: the writing (write.ts).
import { toHex, type Id } from '../kademlia/id.ts'
import type { Holder, WriteReport } from './write.ts'

/** Keys remembered; the one written longest ago is forgotten. Some 400 bytes a holder. */
const MAX_KEYS = 256
/** Younger than the five minutes after which some nodes change their secret. */
const FRESH_FOR_MS = 240_000

/** The closest nodes to a key, with their tokens. */
export interface Tokens<Local, T> {
  readonly holders: readonly Holder<Local>[]
  /** When the tokens were asked for. */
  readonly at: number
  /** What is to be remembered of the write. */
  readonly note: T
}

export class FreshTokens<Local, T> {
  /** By key, the one written last at the end. At most MAX_KEYS. */
  readonly #kept = new Map<string, Tokens<Local, T>>()

  /** All of them have just taken a write. Nobody but ourselves: then others may have come by the next one. */
  keep(key: Id, tokens: Tokens<Local, T>): void {
    const name = toHex(key)
    this.#kept.delete(name)
    if (tokens.holders.every(({ token }) => token === null)) return
    this.#kept.set(name, tokens)
    if (this.#kept.size > MAX_KEYS) this.#kept.delete(this.#kept.keys().next().value!)
  }

  /**
   * Writes on those who took the last write, where that was a short while ago and all of them take this one too; else on
   * those whom `find` finds.
   */
  async write(
    key: Id,
    now: number,
    {
      find,
      write,
    }: {
      readonly find: () => Promise<Tokens<Local, T>>
      readonly write: (to: Tokens<Local, T>) => Promise<WriteReport>
    },
  ): Promise<WriteReport> {
    const writeAndKeep = async (to: Tokens<Local, T>): Promise<WriteReport> => {
      const report = await write(to)
      if (report.refused.length === 0) this.keep(key, to)
      return report
    }
    const fresh = this.take(key, now)
    if (fresh !== null) {
      const report = await writeAndKeep(fresh)
      if (report.refused.length === 0) return report
    }
    return writeAndKeep(await find())
  }

  /** Hands them out, and forgets them until they are kept again; null: none, or too old. */
  take(key: Id, now: number): Tokens<Local, T> | null {
    const name = toHex(key)
    const tokens = this.#kept.get(name)
    this.#kept.delete(name)
    return tokens !== undefined && now - tokens.at <= FRESH_FOR_MS ? tokens : null
  }
}
