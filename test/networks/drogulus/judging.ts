// How an answer of ours is compared with a recorded one: byte by byte without our own field, or as allowed-differences.ts
// has it. Not here: who answers, and over what.
import { MsgPackMap, packMsgPack, unpackMsgPack } from '../../../src/codecs/msgpack.ts'
import type { MsgPackValue } from '../../../src/codecs/msgpack.ts'
import { frameNetstring, NetstringReader } from '../../../src/codecs/netstring.ts'
import type { Contact } from '../../../src/kademlia/contact.ts'
import { idFromHex, type Id } from '../../../src/kademlia/id.ts'
import { drogulusVectors, type DrogulusVector } from '../../drogulus-vectors.ts'
import { differenceOf, type Ours } from './allowed-differences.ts'
import { withoutReplyPort } from './packets.ts'
import type { Served } from './replay.ts'

/** A recorded request and what the original made of it. */
export interface Exchange {
  readonly request: DrogulusVector
  readonly response: DrogulusVector
}

/** Who may be named to whoever asks for this key, nearest first. */
export type ContactsFor = (key: Uint8Array) => readonly Contact[]

const VERSION = Buffer.from('0.0.0.alpha.0')

/** An id of the originals, which may have fewer digits (drogulus B2). */
export const idOf = (hex: string): Id => idFromHex(hex.padStart(128, '0'), 64)

/** What an original would have sent. */
export const withoutOurField = withoutReplyPort

/** What is wrong with what we do; null: nothing. */
export function judge(exchange: Exchange, ours: Served, contactsFor: ContactsFor): string | null {
  const { request, response } = exchange
  const difference = differenceOf(request.name, request.commit)
  const sent = streamOf(ours.answers.map(withoutOurField))
  const isSame = sent === hexOf(response.hex)
  if (difference === null) {
    if (!isSame) return 'not the recorded bytes'
    return ours.closed === isClosed(response)
      ? null
      : 'does not close where the original closed, or the reverse'
  }
  if (isSame) return 'a difference that is listed does not occur any more'
  if (difference.ours === 'silence') {
    return sent === '' && !ours.closed ? null : 'it is not silence'
  }
  if (!ours.closed) return 'the connection stays open'
  const expected = expectedOf(difference.ours, exchange, contactsFor)
  if (typeof expected === 'string') return sent === expected ? null : 'differs otherwise than is listed'
  return isErrorOf(expected.code, exchange, ours) ? null : `it is no error ${expected.code}`
}

/** Over TLS it was written down in the note alone. */
function isClosed({ closed, note }: DrogulusVector): boolean {
  return closed ?? note.includes('end of stream: close')
}

type Expectable = Exclude<Ours, 'silence'>

/** The bytes that are expected instead, in hex. */
function expectedOf(
  ours: Expectable,
  { request, response }: Exchange,
  contactsFor: ContactsFor,
): string | { readonly code: number } {
  if (typeof ours === 'object') return ours
  const { name } = request
  switch (ours) {
    case 'first':
      return streamOf(messagesIn(response.hex).slice(0, 1))
    case '804a320':
      return hexOf(drogulusVectors({ name, commit: '804a320', direction: 'response' })[0]!.hex)
    case 'plain': {
      const plain = { name: name.replace('-over-tls', ''), commit: request.commit }
      return hexOf(drogulusVectors({ ...plain, direction: 'response' })[0]!.hex)
    }
    case 'contacts':
      return streamOf([nodesMessage({ request, response }, contactsFor)])
  }
}

/** A nodes answer, field by field as an original writes it (drogulus B2). */
function nodesMessage({ request }: Exchange, contactsFor: ContactsFor): Uint8Array {
  const { uuid, key } = fieldsOf(messagesIn(request.hex)[0]!)
  const nodes = contactsFor(key as Uint8Array).map(({ id, address }): MsgPackValue => [
    id,
    Buffer.from(address.host),
    address.port,
    VERSION,
  ])
  const fields: readonly [string, MsgPackValue][] = [
    ['uuid', uuid!],
    ['node', idFromHex(request.responderId!, 64)],
    ['nodes', nodes],
    ['version', VERSION],
    ['message', Buffer.from('nodes')],
  ]
  return packMsgPack(new MsgPackMap(fields.map(([field, value]) => [Buffer.from(field), value])))
}

/** One error of this code and no other message, under the uuid of the request. */
function isErrorOf(code: number, { request }: Exchange, { answers }: Served): boolean {
  const [answer, ...more] = answers
  if (answer === undefined || more.length > 0) return false
  const fields = fieldsOf(answer)
  if (text(fields['message']) !== 'error' || fields['code'] !== code) return false
  // Of bytes that are no msgpack the uuid stands before the place where they break off.
  return (
    Buffer.from(request.hex).includes(Buffer.from(fields['uuid'] as Uint8Array)) &&
    text(fields['uuid']).length === 36
  )
}

/** The fields of a message by their names. */
export function fieldsOf(message: Uint8Array): Readonly<Record<string, MsgPackValue>> {
  const { entries } = unpackMsgPack(message) as MsgPackMap
  return Object.fromEntries(entries.map(([key, value]) => [text(key), value]))
}

/** Without their netstrings. */
export const messagesIn = (stream: Uint8Array): readonly Uint8Array[] => new NetstringReader().take(stream)

const streamOf = (messages: readonly Uint8Array[]): string =>
  messages.map((message) => hexOf(frameNetstring(message))).join('')

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** A raw as text, each byte a character. */
export const text = (raw: MsgPackValue | undefined): string =>
  Buffer.from(raw as Uint8Array).toString('latin1')
