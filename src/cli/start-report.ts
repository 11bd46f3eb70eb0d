// What `xorbit start` prints: who it is and where it listens, what to try next, and later one line at notable events.
import { hostPort } from '../codecs/compact-address.ts'
import { toHex } from '../kademlia/id.ts'
import type { Contact } from '../kademlia/contact.ts'
import { shownDuration } from './duration.ts'
import type { AnyNode } from './network.ts'
import { counted, styled, type Output } from './output.ts'
import { printable } from './printable.ts'
import { tried } from './short-lived-node.ts'
import type { Joined } from './start.ts'
import type { Start } from './start-options.ts'
import { inNetwork, suggestions } from './suggestions.ts'

/** Says that the node is ready for traffic. */
export function reportListening(
  output: Output,
  { node, what, joined, version }: { node: AnyNode; what: Start; joined: Joined; version: string },
): void {
  const [first] = node.addresses as [{ host: string; port: number }]
  const contacts = node.contacts().length
  const { network, options } = what
  const { store } = options
  const own = network.tell(node, options)
  const lines = [
    styled('bold', title(what, version)),
    `  listens on  ${node.addresses.map(hostPort).join(' and ')} (${network.carrier(options)})`,
    `  id          ${toHex(node.id)}`,
    ...own.lines.map(([name, text]) => `  ${name.padEnd(10)}  ${printable(text)}`),
    `  contacts    ${contacts}${howItJoins(what, joined)}`,
    `  store       ${store === 'memory' ? 'memory (nothing is kept)' : printable(store)}`,
    '',
    ...tryNext(node, what),
    'Ctrl-C stops it.',
  ]
  output.result(lines.join('\n'), {
    event: 'listening',
    network: network.name,
    host: first.host,
    port: first.port,
    id: toHex(node.id),
    api: null,
    addresses: node.addresses,
    ...own.facts,
    contacts,
    private: what.private,
    testnet: what.testnet,
    store,
  })
}

function howItJoins({ network, options }: Start, joined: Joined): string {
  if (joined === 'late') return `; still joining through ${tried(network, options)}`
  return joined === 'first' ? '; the first node of its own network (--bootstrap HOST:PORT joins another)' : ''
}

/** Says plainly that nobody answered. */
export function reportAlone(output: Output, what: Start): void {
  const whom = tried(what.network, what.options)
  const human =
    `Nobody answered; tried ${whom}. The node goes on as the first of its network, and tries again later.\n` +
    `A network on this machine alone: npx xorbit start --testnet 16${inNetwork(what.network, what.options)}`
  output.result(styled('yellow', human), { event: 'alone', tried: whom.split(', ') })
}

/** From here on one line at each notable event. */
export function reportEvents(
  output: Output,
  { node, what, joined }: { node: AnyNode; what: Start; joined: Joined },
): void {
  const say = (event: string, text: string, facts: object = {}): void => {
    output.result(`${clock()} ${text}`, { event, ...facts })
  }
  let known = joined === 'joined'
  let toldAlone = joined !== 'late'
  node.on('joined', ({ via, contacts }) => {
    if (via === 'nobody' && !toldAlone && node.contacts().length === 0) {
      toldAlone = true
      return reportAlone(output, what)
    }
    if (via === 'nobody') return output.detail('nobody answered; trying again later')
    // Joining again and again is a node's daily life.
    if (known) return output.detail(`joined again: ${counted(contacts, 'contact')}`)
    known = true
    say('joined', `joined through ${via}: ${counted(contacts, 'contact')}`, { via, contacts })
  })
  what.network.watch(node, say)
  node.on('offline', ({ family }) =>
    say('offline', `nothing answers over IPv${family}: offline?`, { family }),
  )
  node.on('online', ({ family }) => say('online', `online again over IPv${family}`, { family }))
  node.on('slept', ({ family, forMs }) => {
    const slept = shownDuration(Math.round(forMs / 1_000) * 1_000)
    say('slept', `slept for ${slept}; every contact is asked again`, { family, forMs: Math.round(forMs) })
  })
  node.on('warning', ({ error }) => {
    const message = printable(error instanceof Error ? error.message : String(error))
    say('warning', `warning: ${message}`, { message })
  })
  if (output.verbose) reportContacts(output, node)
}

function reportContacts(output: Output, node: AnyNode): void {
  const shown = ({ id, address }: Contact): string => `${toHex(id)} ${hostPort(address)}`
  node.on('contactAdded', ({ contact }) => output.detail(`contact added ${shown(contact)}`))
  node.on('contactRemoved', ({ contact, why }) => output.detail(`contact removed (${why}) ${shown(contact)}`))
}

function title({ network, testnet, private: isPrivate, options }: Start, version: string): string {
  const which = network.title[isPrivate ? 'private' : 'public']
  const around = testnet === 0 ? '' : `, with ${counted(testnet, 'more node')} around it`
  return `xorbit ${version}: a ${options.readOnly === true ? 'read-only node' : 'node'} of ${which}${around}`
}

function tryNext(node: AnyNode, { network, private: isPrivate, options }: Start): string[] {
  if (options.readOnly === true) return []
  const isPublic = !isPrivate && network.builtIn.length > 0
  return suggestions(network, node.addresses[0]!, { options, isPublic })
}

/** HH:MM:SS of the local day. */
function clock(): string {
  return styled('dim', new Date().toTimeString().slice(0, 8))
}
