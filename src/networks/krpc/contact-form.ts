// Contacts on a KRPC wire: an id of 20 bytes and a compact address (BEP 5, BEP 32, khashmir A2). Mainline has them in
// one string, Khashmir as a list.
import { readAddress, writeAddress } from '../../codecs/compact-address.ts'
import type { Family } from '../../codecs/compact-address.ts'
import type { Contact, KnownContact } from '../../kademlia/contact.ts'
import { asId } from '../../kademlia/id.ts'
import type { Id } from '../../kademlia/id.ts'
import { viewOf } from './fields.ts'

/** Ids, infohashes and keys are 160 bit. */
export const ID_BYTES = 20

/** A contact: id, IP, port. */
export const NODE_BYTES = { 4: ID_BYTES + 6, 6: ID_BYTES + 18 } as const

/** Nobody's id: what broken clients send (B5-24), and what stands for "not known yet" in Khashmir (A2). */
export function isAllZero(id: Id): boolean {
  for (let i = 0; i < id.length; i++) if (id[i] !== 0) return false
  return true
}

/** The contact at `at`, of which the bytes must be there; null when its port is 0, so that nobody can dial it. */
export function contactAt(bytes: Uint8Array, at: number, family: Family): Contact | null {
  const address = readAddress(bytes, at + ID_BYTES, family)
  return address.port === 0 ? null : { id: asId(viewOf(bytes, at, at + ID_BYTES)), address }
}

/** A contact as 26 or 38 bytes; 0 when its host is no IP address. Made once for a contact of the routing table. */
export function formOf(contact: Contact): Uint8Array {
  const kept = (contact as Partial<KnownContact>).wireForm
  if (kept) return kept
  const bytes = new Uint8Array(NODE_BYTES[6])
  bytes.set(contact.id)
  const address = writeAddress(contact.address, bytes, ID_BYTES)
  const form = bytes.slice(0, address === 0 ? 0 : ID_BYTES + address)
  if (kept === null) (contact as KnownContact).wireForm = form
  return form
}
