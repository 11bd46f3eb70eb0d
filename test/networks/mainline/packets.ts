// Packets for the tests of the wire: the examples of BEP 5 word for word, and ways to build others.
import { encodeBencode } from '../../../src/codecs/bencode.ts'
import type { BencodeInput } from '../../../src/codecs/bencode.ts'
import { asId } from '../../../src/kademlia/id.ts'
import { ProtocolError } from '../../../src/kademlia/ports.ts'
import type { Message } from '../../../src/kademlia/ports.ts'
import type { MainlineQuery, MainlineReply } from '../../../src/networks/mainline/messages.ts'
import { createWire } from '../../../src/networks/mainline/wire.ts'
import { bytesOf, textOf } from '../../codecs/bencode-samples.ts'

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

/** What the vectors of BEP 44 share, and the signatures of its tests 1 and 2, as text of one character a byte. */
export const VECTOR = {
  value: '12:Hello World!',
  key: fromHex('77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548'),
  signature: fromHex(
    '305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff' +
      '1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01',
  ),
  salted: fromHex(
    '6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17d' +
      'df9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08',
  ),
} as const

/** The messages of BEP 44 as it lays them out, with its vectors in them. */
export const bep44 = {
  get: 'd1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q3:get1:t2:aa1:y1:qe',
  getNewer: 'd1:ad2:id20:abcdefghij01234567893:seqi4e6:target20:mnopqrstuvwxyz123456e1:q3:get1:t2:aa1:y1:qe',
  putImmutable: `d1:ad2:id20:abcdefghij01234567895:token8:aoeusnth1:v${VECTOR.value}e1:q3:put1:t2:aa1:y1:qe`,
  putMutable:
    `d1:ad2:id20:abcdefghij01234567891:k32:${VECTOR.key}3:seqi1e3:sig64:${VECTOR.signature}` +
    `5:token8:aoeusnth1:v${VECTOR.value}e1:q3:put1:t2:aa1:y1:qe`,
  putSalted:
    `d1:ad3:casi0e2:id20:abcdefghij01234567891:k32:${VECTOR.key}4:salt6:foobar3:seqi1e3:sig64:${VECTOR.salted}` +
    `5:token8:aoeusnth1:v${VECTOR.value}e1:q3:put1:t2:aa1:y1:qe`,
  gotImmutable: `d1:rd2:id20:abcdefghij01234567895:nodes0:5:token8:aoeusnth1:v${VECTOR.value}e1:t2:aa1:y1:re`,
  gotMutable:
    `d1:rd2:id20:abcdefghij01234567891:k32:${VECTOR.key}5:nodes0:3:seqi1e3:sig64:${VECTOR.signature}` +
    `5:token8:aoeusnth1:v${VECTOR.value}e1:t2:aa1:y1:re`,
  gotNothingNewer: 'd1:rd2:id20:abcdefghij01234567895:nodes0:3:seqi1e5:token8:aoeusnthe1:t2:aa1:y1:re',
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

function fromHex(hex: string): string {
  return textOf(Buffer.from(hex, 'hex'))
}
