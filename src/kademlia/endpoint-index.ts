// Finds the contacts of a table by where they are: by address, and by the group of which one may be in the table.
// One map serves both questions, since contacts with the same address are in the same group.
import { sameAddress } from './contact.ts'
import type { Address } from './contact.ts'
import type { TableContact } from './k-bucket.ts'
import type { AdmissionPolicy } from './ports.ts'

export class EndpointIndex {
  /**
   * The first contact of each group, or of each host where the policy lifts the limit; the others of that host hang
   * on it (a private network has many on one). Bound: the contacts of the table, at most 8 · idBytes · k.
   */
  readonly #first = new Map<string, TableContact>()
  readonly #policy: AdmissionPolicy

  constructor(policy: AdmissionPolicy) {
    this.#policy = policy
  }

  at(address: Address): TableContact | null {
    let contact = this.#first.get(this.#policy.tableGroup(address) ?? address.host) ?? null
    while (contact !== null && !sameAddress(contact.address, address)) contact = contact.nextOfKey
    return contact
  }

  /** Who holds the one place of a group in the table. */
  holderOf(tableGroup: string | null): TableContact | null {
    return tableGroup === null ? null : (this.#first.get(tableGroup) ?? null)
  }

  add(contact: TableContact): void {
    const key = keyOf(contact)
    contact.nextOfKey = this.#first.get(key) ?? null
    this.#first.set(key, contact)
  }

  remove(contact: TableContact): void {
    const key = keyOf(contact)
    const first = this.#first.get(key) ?? null
    if (first === contact) {
      if (contact.nextOfKey === null) this.#first.delete(key)
      else this.#first.set(key, contact.nextOfKey)
    } else {
      for (let other = first; other !== null; other = other.nextOfKey) {
        if (other.nextOfKey === contact) other.nextOfKey = contact.nextOfKey
      }
    }
    contact.nextOfKey = null
  }
}

function keyOf(contact: TableContact): string {
  return contact.tableGroup ?? contact.address.host
}
