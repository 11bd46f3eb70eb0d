// `xorbit lookup ID`: walks to the nodes closest to an id and shows the way, hop by hop.
import { hostPort } from '../codecs/compact-address.ts'
import type { Contact } from '../kademlia/contact.ts'
import { compareDistance, toHex, type Id } from '../kademlia/id.ts'
import type { Hop } from '../kademlia/walk.ts'
import { readIdOf, readNodeOptions } from './arguments.ts'
import { milliseconds } from './duration.ts'
import { isTimeOut } from './ending.ts'
import { Failure, FOUND } from './failure.ts'
import { networkOf } from './networks.ts'
import { styled } from './output.ts'
import type { Call } from './program.ts'
import { withJoinedNode, type AskingFlags } from './short-lived-node.ts'

/** Prints a line for each hop and at the end the closest nodes. Throws Failure when nobody answered. */
export async function lookup([id = '']: readonly string[], call: Call<AskingFlags>): Promise<number> {
  const { flags, output } = call
  const network = networkOf(flags.network)
  const target = readIdOf(network, 'ID', id)
  return withJoinedNode(network, call, async ({ node, ending }) => {
    const answered: Contact[] = []
    let hops = 0
    const onHop = (hop: Hop): void => {
      if (hop.outcome === 'answered') answered.push(hop.contact)
      output.result(shownHop(++hops, hop), hopFacts(hops, hop))
    }
    let closest: readonly Contact[]
    try {
      closest = await node.closest(target, { signal: ending.signal, onHop })
    } catch (error) {
      if (!isTimeOut(error) || answered.length === 0) throw error
      output.note(`closest so far; ${error.message}`)
      const { k } = network.resolve(readNodeOptions(network, flags)).parameters
      closest = nearest(target, answered).slice(0, k)
    }
    if (closest.length === 0) throw new Failure('no-answer', `nobody answered on the way to ${id}`)
    output.result(shownClosest(target, closest), {
      target: toHex(target),
      closest: closest.map(contactFacts),
    })
    return FOUND
  })
}

/** What an unfinished walk has to show for itself. */
function nearest(target: Id, contacts: readonly Contact[]): Contact[] {
  return contacts.toSorted((a, b) => compareDistance(target, a.id, b.id))
}

/** Bits of the XOR distance: 0 is the target itself, as many as an id has the other half of the key space. */
function distanceBits(hop: Hop): number {
  return 8 * hop.contact.id.length - hop.sharedBits
}

function contactFacts({ id, address }: Contact): { id: string; host: string; port: number } {
  return { id: toHex(id), host: address.host, port: address.port }
}

function hopFacts(number: number, hop: Hop): object {
  return {
    hop: number,
    ...contactFacts(hop.contact),
    distanceBits: distanceBits(hop),
    rttMs: hop.rttMs,
    outcome: hop.outcome,
    named: hop.named,
    namedBy: hop.namedBy === null ? null : contactFacts(hop.namedBy),
    depth: hop.depth,
  }
}

function shownHop(number: number, hop: Hop): string {
  const answer = hop.rttMs === null ? hop.outcome : milliseconds(hop.rttMs)
  const by = hop.namedBy === null ? 'in our table' : `named by ${hostPort(hop.namedBy.address)}`
  const facts = [
    `hop ${String(number).padStart(2)}`,
    `distance ${String(distanceBits(hop)).padStart(3)} bits`,
    answer.padStart(8),
    `${toHex(hop.contact.id).slice(0, 8)}  ${hostPort(hop.contact.address)}`,
  ]
  const line = facts.join('  ')
  const origin = styled('dim', `depth ${hop.depth}, ${by}`)
  return `${hop.outcome === 'answered' ? line : styled('yellow', line)}  ${origin}`
}

function shownClosest(target: Id, closest: readonly Contact[]): string {
  const lines = closest.map(({ id, address }) => `  ${toHex(id)}  ${hostPort(address)}`)
  return [styled('bold', `closest to ${toHex(target)}:`), ...lines].join('\n')
}
