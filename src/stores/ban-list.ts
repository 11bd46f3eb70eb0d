// Bans in memory, by id and host, and their bound. drogulus B0. Not here: the file (sqlite-state.ts follows the changes told
// to it), who is banned for what and how long.
import { byteKey } from './byte-key.ts'
import { dropDue } from './drop-due.ts'
import { ExpiryHeap, type Expiring } from './expiry-heap.ts'
import { MAX_BANS, MAX_BAN_TEXT, MAX_KEY_BYTES, type Ban } from './store.ts'
import type { RowChanges } from './version-list.ts'
import { wholeMs } from './whole-ms.ts'

/** A ban in its two places: under its key, and among those that end. */
class HeldBan implements Expiring {
  readonly key: string
  /** Replaced as a whole, so that what a reader holds never changes. */
  ban: Ban
  place = 0

  constructor(key: string, ban: Ban) {
    this.key = key
    this.ban = ban
  }

  get expiresAt(): number {
    return this.ban.until
  }
}

export class BanList {
  readonly #changes: RowChanges<Ban> | null
  /**
   * At most MAX_BANS; of the host that has the most the one that ends first is forgotten, for one forger can take as many
   * ids as it likes, and must not flush out the others. The heap holds the same.
   */
  readonly #byKey = new Map<string, HeldBan>()
  readonly #ending = new ExpiryHeap<HeldBan>()

  constructor(changes: RowChanges<Ban> | null) {
    this.#changes = changes
  }

  all(): readonly Ban[] {
    return Array.from(this.#byKey.values(), ({ ban }) => ban)
  }

  holds(id: Uint8Array, host: string, now: number): boolean {
    // Nobody is banned as a rule: then this costs next to nothing.
    if (this.#byKey.size === 0) return false
    const held = this.#byKey.get(banKey(id, host))
    return held !== undefined && held.ban.until > now
  }

  /** Throws RangeError for an id of other than 1 … MAX_KEY_BYTES bytes, a text too long, a time that is no number. */
  save(given: Ban): void {
    const held = this.#place(given)
    if (held === null) return
    this.#changes?.put(held.key, held.ban)
    if (this.#byKey.size > MAX_BANS) this.#drop(this.#victim())
  }

  /** The same for a ban that comes from the file, which holds no more of them than there may be. */
  restore(given: Ban): void {
    this.#place(given)
  }

  expire(now: number, limit: number): number {
    const at = wholeMs(now, 'now')
    const due = (): HeldBan | null => {
      const next = this.#ending.first
      return next !== null && next.expiresAt <= at ? next : null
    }
    return dropDue(limit, due, (held) => this.#drop(held))
  }

  /** null: the one that is held ends no earlier. */
  #place(given: Ban): HeldBan | null {
    const ban = keptBan(given)
    const key = banKey(ban.id, ban.host)
    const held = this.#byKey.get(key)
    if (!held) {
      const added = new HeldBan(key, ban)
      this.#byKey.set(key, added)
      this.#ending.add(added)
      return added
    }
    if (held.ban.until >= ban.until) return null
    held.ban = ban
    this.#ending.changed(held)
    return held
  }

  /** Only where there is one too many: it looks at all of them. */
  #victim(): HeldBan {
    const first = new Map<string, { count: number; held: HeldBan }>()
    for (const held of this.#byKey.values()) {
      const ofHost = first.get(held.ban.host)
      if (ofHost === undefined) first.set(held.ban.host, { count: 1, held })
      else {
        ofHost.count++
        if (held.expiresAt < ofHost.held.expiresAt) ofHost.held = held
      }
    }
    let victim = { count: 0, held: this.#ending.first! }
    for (const ofHost of first.values()) {
      const isEarlier = ofHost.held.expiresAt < victim.held.expiresAt
      if (ofHost.count > victim.count || (ofHost.count === victim.count && isEarlier)) victim = ofHost
    }
    return victim.held
  }

  #drop(held: HeldBan): void {
    this.#byKey.delete(held.key)
    this.#ending.remove(held)
    this.#changes?.drop(held.key, held.ban)
  }
}

/** The length makes the boundary between the two unmistakable. Of an id that is too long, what no ban has. */
function banKey(id: Uint8Array, host: string): string {
  return `${host.length}:${host}${byteKey(id.subarray(0, MAX_KEY_BYTES + 1))}`
}

function keptBan({ id, host, until, why }: Ban): Ban {
  if (id.length === 0 || id.length > MAX_KEY_BYTES) {
    throw new RangeError(`the id of a ban has 1 … ${MAX_KEY_BYTES} bytes, got ${id.length}`)
  }
  assertText(host, 'host')
  assertText(why, 'why')
  return { id: new Uint8Array(id), host, until: wholeMs(until, 'until'), why }
}

function assertText(text: string, field: string): void {
  if (text.length <= MAX_BAN_TEXT) return
  throw new RangeError(`${field} may have ${MAX_BAN_TEXT} characters, got ${text.length}`)
}
