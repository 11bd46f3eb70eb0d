// What `xorbit start` prints: who it is and where it listens, what to try next, and later one line at notable events.
import { hostPort } from '../codecs/compact-address.ts'
import { toHex } from '../kademlia/id.ts'
import type { MainlineEvents } from '../networks/mainline/events.ts'
import type { Mainline } from '../networks/mainline/open.ts'
import { shownDuration } from './duration.ts'
import { counted, styled, type Output } from './output.ts'
import { printable } from './printable.ts'
import { tried } from './short-lived-node.ts'
import type { Joined } from './start.ts'
import type { Start } from './start-options.ts'

/** An infohash, and a value with its key, to try things with. */
const SAMPLE = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a'
const VALUE = 'Hello World!'
const VALUE_KEY = 'e5f96f6f38320f0f33959cb4d3d656452117aadb'

/** Says that the node is ready for traffic. */
export function reportListening(
  output: Output,
  { node, what, joined, version }: { node: Mainline; what: Start; joined: Joined; version: string },
): void {
  const [first] = node.addresses as [{ host: string; port: number }]
  const contacts = node.contacts().length
  const { store } = what.options
  const lines = [
    styled('bold', title(what, version)),
    `  listens on  ${node.addresses.map(hostPort).join(' and ')} (UDP)`,
    `  id          ${toHex(node.id)}`,
    ...(node.id6 === null || node.addresses.length < 2 ? [] : [`  id in IPv6  ${toHex(node.id6)}`]),
    `  contacts    ${contacts}${joined === 'late' ? `; still joining through ${tried(what.options.bootstrap)}` : ''}`,
    `  store       ${store === 'memory' ? 'memory (nothing is kept)' : printable(store)}`,
    '',
    ...suggestions(node, what),
    'Ctrl-C stops it.',
  ]
  output.result(lines.join('\n'), {
    event: 'listening',
    network: 'mainline',
    host: first.host,
    port: first.port,
    id: toHex(node.id),
    api: null,
    addresses: node.addresses,
    id6: node.id6 === null ? null : toHex(node.id6),
    contacts,
    private: what.private,
    testnet: what.testnet,
    store,
  })
}

/** Says plainly that nobody answered. */
export function reportAlone(output: Output, what: Start): void {
  const whom = tried(what.options.bootstrap)
  const human =
    `Nobody answered; tried ${whom}. The node goes on as the first of its network, and tries again later.\n` +
    'A network on this machine alone: npx xorbit start --testnet 16'
  output.result(styled('yellow', human), { event: 'alone', tried: whom.split(', ') })
}

/** From here on one line at each notable event. */
export function reportEvents(
  output: Output,
  { node, what, joined }: { node: Mainline; what: Start; joined: Joined },
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
  node.on('idChanged', ({ family, id, oldId }) => {
    const facts = { family, id: toHex(id), oldId: toHex(oldId) }
    say('id-changed', `our address was seen to be another one, so our id is now ${facts.id}`, facts)
  })
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

function reportContacts(output: Output, node: Mainline): void {
  const shown = (contact: MainlineEvents['contactAdded']['contact']): string =>
    `${toHex(contact.id)} ${hostPort(contact.address)}`
  node.on('contactAdded', ({ contact }) => output.detail(`contact added ${shown(contact)}`))
  node.on('contactRemoved', ({ contact, why }) => output.detail(`contact removed (${why}) ${shown(contact)}`))
}

function title({ testnet, private: isPrivate, options }: Start, version: string): string {
  const network = isPrivate ? 'a private mainline network' : 'the mainline network (the BitTorrent DHT)'
  const around = testnet === 0 ? '' : `, with ${counted(testnet, 'more node')} around it`
  return `xorbit ${version}: a ${options.readOnly === true ? 'read-only node' : 'node'} of ${network}${around}`
}

/** Commands for a second terminal that work with this very node. */
function suggestions(node: Mainline, what: Start): string[] {
  if (what.options.readOnly === true) return []
  const [{ host, port }] = node.addresses as [{ host: string; port: number }]
  const dialled = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  const address = hostPort({ host: dialled, port })
  // Some shells take brackets for a pattern.
  const at = address.startsWith('[') ? `'${address}'` : address
  // A public node is one of millions; a private network is reached through one of its own.
  const through = what.private ? ` --bootstrap ${at}` : ''
  return [
    'Try in a second terminal:',
    ...(what.private ? [`  npx xorbit ping ${at}`] : []),
    `  npx xorbit announce ${SAMPLE} --port 8080${through}`,
    `  npx xorbit peers ${SAMPLE}${through}`,
    `  npx xorbit put '${VALUE}'${through}`,
    `  npx xorbit get ${VALUE_KEY}${through}`,
    `  npx xorbit lookup ${SAMPLE}${through}`,
    '',
  ]
}

/** HH:MM:SS of the local day. */
function clock(): string {
  return styled('dim', new Date().toTimeString().slice(0, 8))
}
