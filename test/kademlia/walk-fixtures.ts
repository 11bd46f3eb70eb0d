// What the tests of lookups on their way share: peers by the first byte of their id, and a lookup that the test drives.
import assert from 'node:assert/strict'
import type { Contact } from '../../src/kademlia/contact.ts'
import type { Hop, LookupOutcome } from '../../src/kademlia/walk.ts'
import { contactOf, idOf } from './table-fixtures.ts'
import { ToyNetwork } from './toy-network.ts'
import type { ToyOptions } from './toy-network.ts'
import { findToy } from './toy-wire.ts'
import type { ToyReply } from './toy-wire.ts'

export const TARGET = idOf(0xff, 0xff)
export const A = contactOf(idOf(0x80, 1), '198.51.100.1')

export const peerAt = (high: number, low = 0): Contact => contactOf(idOf(high, low), `10.${high}.${low}.1`)

export function network(options: ToyOptions, ...highs: number[]): ToyNetwork {
  const net = new ToyNetwork(options)
  for (const high of highs) net.addPeer(peerAt(high))
  return net
}

export const highsOf = (outcome: LookupOutcome<ToyReply> | null): number[] =>
  outcome!.closest.map(({ contact }) => contact.id[0]!)

interface Walked {
  outcome: LookupOutcome<ToyReply> | null
  values: string[]
  hops: Hop[]
}

/** Begins a lookup and lets the caller drive. */
export function begin(net: ToyNetwork, seeds: readonly Contact[], options: { enough?: number } = {}) {
  const walked: Walked = { outcome: null, values: [], hops: [] }
  const handle = net.engine.lookup(
    findToy(TARGET, options),
    {
      onHop: (hop) => void walked.hops.push(hop),
      onResults: (values) => void walked.values.push(...values),
      onEnd(outcome) {
        assert.equal(walked.outcome, null, 'it ends once')
        walked.outcome = outcome
      },
    },
    { seeds, self: false, now: net.now },
  )
  assert.ok(handle !== null)
  return { walked, handle }
}
