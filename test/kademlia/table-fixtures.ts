// What the tests of the routing table and its neighbours build on: policies, seeded randomness, contacts by short names.
import assert from 'node:assert/strict'
import type { Address, Contact, KnownContact } from '../../src/kademlia/contact.ts'
import { asId } from '../../src/kademlia/id.ts'
import type { Id } from '../../src/kademlia/id.ts'
import { defaultParameters } from '../../src/kademlia/parameters.ts'
import type { Parameters } from '../../src/kademlia/parameters.ts'
import type { AdmissionPolicy, Random } from '../../src/kademlia/ports.ts'
import { RoutingTable } from '../../src/kademlia/routing-table.ts'

export const MINUTE = 60_000

/** Ids of one byte, so that a test can say by a number where a contact belongs; four contacts a bucket. */
export const smallParameters: Parameters = { ...defaultParameters, idBytes: 1, k: 4, replacementCacheSize: 3 }

export function idOf(...bytes: number[]): Id {
  return asId(Uint8Array.from(bytes))
}

export function contactOf(id: Id, host: string, port = 6881): Contact {
  return { id, address: { host, port } }
}

/** A private network: no limits per IP or prefix, every id is eligible. */
export const openPolicy: AdmissionPolicy = {
  dialable: () => true,
  admits: () => true,
  tableGroup: () => null,
  bucketGroup: () => null,
  sourceGroup: () => null,
  eligible: () => true,
}

/** A public IPv4 network: one contact an IP, one a /24 in a bucket, one quota of bytes out a /16 (so that it differs). */
export const publicPolicy: AdmissionPolicy = {
  ...openPolicy,
  tableGroup: (address: Address) => address.host,
  bucketGroup: (address: Address) => address.host.slice(0, address.host.lastIndexOf('.')),
  sourceGroup: (address: Address) => address.host.split('.').slice(0, 2).join('.'),
}

/** A table around id 0 (of one byte unless the parameters say otherwise). */
export function tableAt(
  ownId: Id,
  parameters: Parameters = smallParameters,
  policy: AdmissionPolicy = openPolicy,
): RoutingTable {
  return new RoutingTable({ ownId, parameters, policy })
}

/** A contact of a one-byte table at an address of its own: id 0x90 lives at 10.0.0.144. */
export function nodeAt(id: number, port = 6881): Contact {
  return contactOf(idOf(id), `10.0.0.${id}`, port)
}

/** Lets these contacts of a one-byte table answer; each must find a place. */
export function fill(table: RoutingTable, ids: readonly number[], now: number): void {
  for (const id of ids) assert.equal(table.answered(nodeAt(id), now, null).outcome, 'added')
}

/** The first bytes of their ids. */
export function idsOf(contacts: Iterable<Contact>): number[] {
  return [...contacts].map(({ id }) => id[0]!)
}

export function known(table: RoutingTable, id: number): KnownContact {
  const contact = table.find(idOf(id))
  assert.ok(contact !== null, `contact ${id} is not in the table`)
  return contact
}

/** Lets a contact of a one-byte table miss so many requests. */
export function fail(table: RoutingTable, id: number, times: number, now: number): void {
  for (let i = 0; i < times; i++) table.failed(idOf(id), nodeAt(id).address, now)
}

/** Reproducible randomness (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  return {
    bytes: (count) => Uint8Array.from({ length: count }, () => next() >>> 24),
    fraction: () => next() / 2 ** 32,
  }
}
