// The recorded key pairs and signed values, as our code has them. Not here: what is checked with them.
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { unpackMsgPack } from '../../../../src/codecs/msgpack.ts'
import type { MsgPackFloat, MsgPackMap, MsgPackValue } from '../../../../src/codecs/msgpack.ts'
import { asId } from '../../../../src/kademlia/id.ts'
import type { Revision, SignedValue } from '../../../../src/networks/drogulus/messages.ts'
import { drogulusVectors, type DrogulusCommit, type DrogulusVector } from '../../../drogulus-vectors.ts'

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

export const revisionOf = (commit: DrogulusCommit): Revision =>
  commit === 'e9b8c69' ? 'july-2013' : 'october-2013'

const recorded = drogulusVectors({ name: 'keys', commit: 'e9b8c69' })[0]!.decoded as Record<string, string>

/** `rsa_a` or `rsa_b`: PEM, private in PKCS#1. */
export const pemOf = (name: string, part: 'private' | 'public'): string => recorded[`${name}_${part}_pem`]!

export const privateKeyOf = (name: string): KeyObject => createPrivateKey(pemOf(name, 'private'))

/** The values in the recorded messages of this name and direction, as the wire gives them. */
export function valueOfMessage({ hex, commit }: DrogulusVector): SignedValue {
  const text = Buffer.from(hex)
  const start = text.indexOf(':') + 1
  const message = unpackMsgPack(text.subarray(start, -1)) as MsgPackMap
  const fields = new Map(
    message.entries.map(([key, value]) => [Buffer.from(key as Uint8Array).toString(), value]),
  )
  const bytes = (name: string): Uint8Array => fields.get(name) as Uint8Array
  const float = (name: string): number => (fields.get(name) as MsgPackFloat).value
  return {
    key: asId(bytes('key')),
    value: fields.get('value') as MsgPackValue,
    timestamp: float('timestamp'),
    expires: float('expires'),
    createdWith: commit === 'e9b8c69' ? null : bytes('created_with'),
    publicKey: bytes('public_key'),
    name: bytes('name'),
    meta: fields.get('meta') as MsgPackMap,
    signature: bytes('sig'),
    version: bytes('version'),
  }
}
