// Reads answers: pong, nodes, value and error (drogulus B2). An answer in which anything is not what it must be fails its
// request as a whole, as in the originals.
import { latin1 } from '../../../codecs/bencode-cursor.ts'
import { canonicalHost } from '../../../codecs/compact-address.ts'
import { KIND, MsgPackCursor } from '../../../codecs/msgpack-cursor.ts'
import type { Contact } from '../../../kademlia/contact.ts'
import type { ErrorMessage, ReplyMessage } from '../../../kademlia/ports.ts'
import { ERROR } from '../messages.ts'
import type { DrogulusReply, Revision } from '../messages.ts'
import { MAX_CONTACTS, MAX_DETAILS, MAX_ERROR_BYTES, MAX_HOST_TEXT } from './bounds.ts'
import { readItem } from './decode-item.ts'
import { fields } from './fields.ts'
import { failRequest } from './refuse.ts'
import type { Wrong } from './refuse.ts'
import { idOf, requireId, requireKind, requireRaw } from './required.ts'
import { transactionOf } from './uuid.ts'

const REPLIES = ['pong', 'nodes', 'value', 'error'] as const
type ReplyName = (typeof REPLIES)[number]

/** Of an answer whose uuid is none that we could have written: it matches no request. */
const NO_TRANSACTION = new Uint8Array(0)

const PONG: DrogulusReply = {}

const TEXT = new TextDecoder()

/** Within a message that was scanned; decoding is synchronous. */
const items = new MsgPackCursor()

export function isReply(name: string | null): name is ReplyName {
  return (REPLIES as readonly (string | null)[]).includes(name)
}

/** Throws ProtocolError that fails its request. */
export function readReply(
  name: ReplyName,
  { uuid, revision }: { readonly uuid: Uint8Array; readonly revision: Revision },
): ReplyMessage<DrogulusReply> | ErrorMessage {
  const wrong: Wrong = (why) => failRequest(uuid, `${name}: ${why}`)
  const transaction = transactionOf(uuid) ?? NO_TRANSACTION
  const senderId = requireId('node', wrong)
  requireRaw('version', wrong)
  if (name === 'error') return readError(transaction, wrong)
  const reply = readContent(name, revision, wrong)
  return { kind: 'reply', transaction, senderId, reply, seenAs: null }
}

function readContent(name: Exclude<ReplyName, 'error'>, revision: Revision, wrong: Wrong): DrogulusReply {
  if (name === 'pong') return PONG
  return name === 'nodes' ? { nodes: readContacts(wrong) } : { item: readItem(revision, wrong) }
}

/** At most MAX_CONTACTS. Those that nobody can dial are left out: of port 0, or whose host is no IP address (drogulus B0). */
function readContacts(wrong: Wrong): Contact[] {
  requireKind('nodes', KIND.array, wrong)
  items.open(fields.packedOf('nodes'))
  items.next()
  const contacts: Contact[] = []
  for (let left = Math.min(items.count, MAX_CONTACTS); left > 0; left--) {
    const contact = readContact(wrong)
    if (contact !== null) contacts.push(contact)
  }
  return contacts
}

/** Id, host, port and version. */
function readContact(wrong: Wrong): Contact | null {
  if (items.next() !== KIND.array || items.count !== 4) wrong('nodes must be arrays of 4')
  const id = idOf(nextRaw(wrong))
  if (id === null) wrong('the id of a node must be 1 to 64 bytes')
  const host = nextRaw(wrong)
  const port = items.next() === KIND.integer ? items.integer() : -1
  if (typeof port !== 'number' || port < 0 || port > 65_535) wrong('ports must be integers from 0 to 65535')
  nextRaw(wrong)
  const canonical = host.length > MAX_HOST_TEXT ? null : canonicalHost(latin1(host, 0, host.length))
  return canonical === null || port === 0 ? null : { id, address: { host: canonical, port } }
}

function nextRaw(wrong: Wrong): Uint8Array {
  if (items.next() !== KIND.raw) wrong('id, address and version of a node must be strings')
  return items.bytes.subarray(items.start, items.end)
}

function readError(transaction: Uint8Array, wrong: Wrong): ErrorMessage {
  const code = fields.integerOf('code')
  if (typeof code !== 'number' || code < ERROR.badRequest || code > ERROR.superseded) {
    wrong(`code must be an integer from 1 to 8, got ${code ?? fields.found('code')}`)
  }
  const message = textOf(requireRaw('title', wrong))
  return { kind: 'error', transaction, code, message, details: readDetails(wrong), seenAs: null }
}

/** At most MAX_DETAILS; what is behind them has been found to be msgpack, and is not looked at. */
function readDetails(wrong: Wrong): Readonly<Record<string, string>> {
  requireKind('details', KIND.map, wrong)
  items.open(fields.packedOf('details'))
  items.next()
  const details: [string, string][] = []
  for (let left = Math.min(items.count, MAX_DETAILS); left > 0; left--) {
    details.push([nextText(wrong), nextText(wrong)])
  }
  // Whatever the keys, they become its own.
  return Object.fromEntries(details)
}

function nextText(wrong: Wrong): string {
  if (items.next() !== KIND.raw) wrong('details must be strings by strings')
  return textOf(items.bytes.subarray(items.start, items.end))
}

function textOf(raw: Uint8Array): string {
  return TEXT.decode(raw.subarray(0, MAX_ERROR_BYTES))
}
