// Packets for the tests of the wire: the examples of BEP 5 word for word, and ways to build others.
import { encodeBencode } from '../../../src/codecs/bencode.ts'
import type { BencodeInput } from '../../../src/codecs/bencode.ts'
import { asId } from '../../../src/kademlia/id.ts'
import { ProtocolError } from '../../../src/kademlia/ports.ts'
import type { Message } from '../../../src/kademlia/ports.ts'
import type { MainlineQuery, MainlineReply } from '../../../src/networks/mainline/messages.ts'
import { createWire } from '../../../src/networks/mainline/wire.ts'
import { bytesOf } from '../../codecs/bencode-samples.ts'

export const bep5 = {
  error: 'd1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee',
  ping: 'd1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe',
  pong: 'd1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re',
  findNode: 'd1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q9:find_node1:t2:aa1:y1:qe',
  foundNode: 'd1:rd2:id20:0123456789abcdefghij5:nodes9:def456...e1:t2:aa1:y1:re',
  getPeers: 'd1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers1:t2:aa1:y1:qe',
  gotPeers: 'd1:rd2:id20:abcdefghij01234567895:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re',
  gotNodes: 'd1:rd2:id20:abcdefghij01234567895:nodes9:def456...5:token8:aoeusnthe1:t2:aa1:y1:re',
  announce:
    'd1:ad2:id20:abcdefghij012345678912:implied_porti1e9:info_hash20:mnopqrstuvwxyz1234564:porti6881e' +
    '5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe',
} as const

export const ID = asId(bytesOf('abcdefghij0123456789'))
export const HASH = asId(bytesOf('mnopqrstuvwxyz123456'))
export const OWN_ID = asId(bytesOf('0123456789abcdefghij'))
export const VERSION = bytesOf('XO\x00\x01')
export const FROM = { host: '93.184.216.34', port: 51_413 }
export const FROM6 = { host: '2a00:1450::2', port: 51_413 }

export const settings = { ownId: () => OWN_ID, readOnly: () => false, version: VERSION } as const
export const wire = createWire({ ...settings, family: 4 })
export const wire6 = createWire({ ...settings, family: 6 })

export type MainlineMessage = Message<MainlineQuery, MainlineReply>

/** A query with these arguments beside `id`; `envelope` goes on top and may replace anything. */
export function queryPacket(
  q: string,
  args: Record<string, BencodeInput> = {},
  envelope: Record<string, BencodeInput> = {},
): Uint8Array {
  return encodeBencode({ t: 'aa', y: 'q', q, a: { id: ID, ...args }, ...envelope })
}

export function replyPacket(
  results: Record<string, BencodeInput> = {},
  envelope: Record<string, BencodeInput> = {},
): Uint8Array {
  return encodeBencode({ t: 'aa', y: 'r', r: { id: ID, ...results }, ...envelope })
}

export const decode = (packet: Uint8Array | string, from = FROM): MainlineMessage =>
  wire.decode(typeof packet === 'string' ? bytesOf(packet) : packet, from)

/** The query, or an error of the test. */
export function decodedQuery(packet: Uint8Array | string): MainlineQuery {
  const message = decode(packet)
  if (message.kind !== 'query') throw new Error(`decoded as ${message.kind}`)
  return message.query
}

export function decodedReply(packet: Uint8Array | string): MainlineReply {
  const message = decode(packet)
  if (message.kind !== 'reply') throw new Error(`decoded as ${message.kind}`)
  return message.reply
}

/** The ProtocolError that a packet is refused with; any other outcome is an error of the test. */
export function refusal(packet: Uint8Array | string, from = FROM): ProtocolError {
  try {
    decode(packet, from)
  } catch (error) {
    if (error instanceof ProtocolError) return error
    throw error
  }
  throw new Error('the packet was not refused')
}
