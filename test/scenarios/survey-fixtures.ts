// What scenarios of surveys share: a survey, what a node stores, and what a host sends.
import assert from 'node:assert/strict'
import { packAddress } from '../../src/codecs/compact-address.ts'
import { addressKey, type Address } from '../../src/kademlia/contact.ts'
import { asId, toHex, type Id } from '../../src/kademlia/id.ts'
import type { MainlineQuery } from '../../src/networks/mainline/messages.ts'
import { Surveys, type SampleOptions } from '../../src/networks/mainline/sample.ts'
import type { Sample, SampleOutcome } from '../../src/networks/mainline/sweep.ts'
import { createWire } from '../../src/networks/mainline/wire.ts'
import type { MainlineNetwork, SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { Puppet } from './puppet.ts'

export function surveysOf(network: MainlineNetwork, { node, machine }: SimulatedNode): Surveys {
  const random = network.random.stream('surveys')
  return new Surveys({ families: () => node['locals'], scheduler: machine, random, private: false })
}

export interface Survey {
  readonly infoHashes: string[]
  readonly samples: readonly Sample[]
  readonly outcome: SampleOutcome
}

/** A whole survey. */
export async function survey(
  network: MainlineNetwork,
  by: SimulatedNode | Surveys,
  options: SampleOptions = {},
): Promise<Survey> {
  const surveys = by instanceof Surveys ? by : surveysOf(network, by)
  const stream = surveys.begin(options)
  const samples = await network.clock.settle(Array.fromAsync(stream))
  const outcome = await stream.outcome
  return { samples, infoHashes: samples.map(({ infoHash }) => toHex(infoHash)), outcome }
}

export function storePeer(network: MainlineNetwork, node: SimulatedNode, infoHash: Id): void {
  const compact = packAddress(network.freshAddress())!
  const outcome = node.store.peers.announce(infoHash, {
    compact,
    seed: false,
    refreshedAt: network.clock.now(),
  })
  assert.ok(outcome.stored)
}

/** Queries of one method that a host sends, in order; a resend after a second counts as one more. */
export function queriesBy(network: MainlineNetwork, host: string, method: MainlineQuery['method']) {
  const wire = createWire({
    family: 4,
    ownId: () => asId(new Uint8Array(20)),
    ownPort: 1,
    readOnly: () => false,
    version: Uint8Array.of(0, 0, 0, 0),
  })
  const queries: { readonly to: string; readonly time: number; readonly query: MainlineQuery }[] = []
  network.network.watchers.add(({ from, to, bytes }) => {
    if (from.host !== host) return
    const message = wire.decode(bytes.slice(), from)
    if (message.kind !== 'query' || message.query.method !== method) return
    queries.push({ to: addressKey(to), time: network.clock.now(), query: message.query })
  })
  return queries
}

export function sentBy(
  network: MainlineNetwork,
  host: string,
): { readonly to: Address; readonly time: number }[] {
  const sent: { readonly to: Address; readonly time: number }[] = []
  network.network.watchers.add(({ from, to }) => {
    if (from.host === host) sent.push({ to, time: network.clock.now() })
  })
  return sent
}

/** Puppets that everybody knows by now. */
export async function befriended(
  network: MainlineNetwork,
  count: number,
  node: SimulatedNode,
): Promise<Puppet[]> {
  const puppets = Array.from({ length: count }, () => new Puppet(network))
  for (const puppet of puppets) await network.clock.settle(node.node.ping(puppet.address))
  return puppets
}

/** When somebody was asked for samples. */
export function samplings({ asked }: Puppet): number[] {
  return asked.filter(({ query }) => query.method === 'sample_infohashes').map(({ time }) => time)
}
