// Who may be dialled and enter the routing table, for networks of IP addresses. The engine asks, this answers;
// what limits count is in addresses.ts.
import type { Family } from '../codecs/compact-address.ts'
import { familyOf } from '../codecs/compact-address.ts'
import type { Address, Contact } from '../kademlia/contact.ts'
import type { AdmissionPolicy } from '../kademlia/ports.ts'
import { ipGroup, isPort, prefixGroup, reachOf, sourceGroup } from './addresses.ts'

export interface AdmissionOptions {
  /** Of which addresses the network consists; null: of both families. */
  readonly family: Family | null
  /** In a private network local and shared addresses are contacts, and the limits per IP and prefix are lifted. */
  readonly private: boolean
  /** The built-in public routers: dialled for a join, never in the table (B5-23). */
  readonly routers: (address: Address) => boolean
  /** Our own address, as far as it is known: never dialled. */
  readonly ownAddress: (address: Address) => boolean
  /** Whether the id fits the address (BEP 42), or true where the network has no such rule. */
  readonly eligible: (contact: Contact) => boolean
}

/** The policy of one engine. Never dialable: bogons, port 0, our own address, the other family (threat T25). */
export function createAdmission(options: AdmissionOptions): AdmissionPolicy {
  const { family, routers, ownAddress, eligible } = options

  function dialable(address: Address): boolean {
    const own = familyOf(address.host)
    if (!isPort(address.port) || own === null || (family !== null && own !== family)) return false
    const reach = reachOf(address.host)
    const reachable = reach === 'global' || (options.private && reach !== 'none')
    return reachable && !ownAddress(address)
  }

  return {
    dialable,
    admits: (contact) => dialable(contact.address) && !routers(contact.address),
    tableGroup: (address) => (options.private ? null : ipGroup(address.host)),
    bucketGroup: (address) => (options.private ? null : prefixGroup(address.host)),
    sourceGroup: (address) => (options.private ? null : sourceGroup(address.host)),
    eligible,
  }
}
