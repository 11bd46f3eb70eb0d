// Torrents that change (BEP 46): the link that names the key under which the newest infohash stands, and the value that
// stands there. Not here: getting and putting it, which is done as for every mutable item (items/).
import {
  BencodeDictionary,
  BencodeError,
  decodeBencode,
  encodeBencode,
  STORED_VALUE,
} from '../../codecs/bencode.ts'
import type { BencodeValue } from '../../codecs/bencode.ts'
import { asId, idFromHex, toHex, type Id } from '../../kademlia/id.ts'
import { badArgument } from '../../node/errors.ts'
import { toIdArgument, type IdLike } from '../id-arguments.ts'
import { ID_BYTES, MAX_SALT_BYTES, PUBLIC_KEY_BYTES } from './wire/bounds.ts'

/** What a link says: whose item it is, and which of theirs. */
export interface TorrentLink {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** 0 … 64 bytes; empty when there is none. */
  readonly salt: Uint8Array
}

const SCHEME = 'magnet:?'
const KEY_PREFIX = 'urn:btpk:'
const FORM = 'magnet:?xs=urn:btpk:PUBLIC-KEY[&s=SALT], both in hex'

/**
 * Reads a link `magnet:?xs=urn:btpk:PUBLIC-KEY[&s=SALT]`, both in hex (B46-02). Parameters come in any order, unknown ones
 * are passed over. Throws XorbitError 'bad-argument'.
 */
export function parseTorrentLink(uri: string): TorrentLink {
  if (typeof uri !== 'string' || uri.slice(0, SCHEME.length).toLowerCase() !== SCHEME) {
    throw badArgument('link', FORM, uri)
  }
  const parameters = parametersOf(uri.slice(SCHEME.length))
  // Other sources may stand beside it, such as the address of a torrent file.
  const keys = parameters
    .filter(
      ([name, value]) => name === 'xs' && value.slice(0, KEY_PREFIX.length).toLowerCase() === KEY_PREFIX,
    )
    .map(([, value]) => value.slice(KEY_PREFIX.length))
  const salts = parameters.filter(([name]) => name === 's').map(([, value]) => value)
  if (keys.length === 0) throw badArgument('link', FORM, uri)
  if (keys.length > 1) throw badArgument('link', 'one public key (xs=urn:btpk:)', `${keys.length} of them`)
  if (salts.length > 1) throw badArgument('link', 'one salt (s=)', `${salts.length} of them`)
  return { publicKey: readKey(keys[0]!), salt: readSalt(salts[0] ?? '') }
}

/** Writes a link, in lower case; without `s` where there is no salt. Throws XorbitError 'bad-argument'. */
export function formatTorrentLink({
  publicKey,
  salt = new Uint8Array(),
}: {
  readonly publicKey: Uint8Array
  readonly salt?: Uint8Array
}): string {
  if (!(publicKey instanceof Uint8Array) || publicKey.length !== PUBLIC_KEY_BYTES) {
    throw badArgument('publicKey', `${PUBLIC_KEY_BYTES} bytes`, publicKey)
  }
  if (!(salt instanceof Uint8Array) || salt.length > MAX_SALT_BYTES) {
    throw badArgument('salt', `at most ${MAX_SALT_BYTES} bytes`, salt)
  }
  const link = `${SCHEME}xs=${KEY_PREFIX}${toHex(publicKey)}`
  return salt.length === 0 ? link : `${link}&s=${toHex(salt)}`
}

/**
 * The value that points to a torrent, `{ih: infohash}` in bencode (B46-01): 27 bytes. The infohash is 20 bytes or 40 hex
 * digits. Throws XorbitError 'bad-argument'.
 */
export function encodeTorrentValue(infoHash: IdLike): Uint8Array {
  return encodeBencode({ ih: toIdArgument('infoHash', infoHash) })
}

/** The infohash (20 bytes) that an encoded value points to, whatever else it holds; null when it points to none. */
export function decodeTorrentValue(encoded: Uint8Array): Id | null {
  const value = decoded(encoded)
  const infoHash = value instanceof BencodeDictionary ? value.get('ih') : null
  if (!(infoHash instanceof Uint8Array) || infoHash.length !== ID_BYTES) return null
  return asId(new Uint8Array(infoHash))
}

function decoded(encoded: Uint8Array): BencodeValue | null {
  try {
    return decodeBencode(encoded, STORED_VALUE)
  } catch (error) {
    if (error instanceof BencodeError) return null
    throw error
  }
}

/** Names in lower case with their values, both freed of percent-encoding. */
function parametersOf(query: string): (readonly [name: string, value: string])[] {
  return query.split('&').map((parameter) => {
    const end = parameter.indexOf('=')
    const name = end < 0 ? parameter : parameter.slice(0, end)
    return [unescaped(name).toLowerCase(), end < 0 ? '' : unescaped(parameter.slice(end + 1))]
  })
}

/** What is no percent-encoding of text stays as it is: it may belong to a parameter that is none of ours. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function readKey(hex: string): Uint8Array {
  if (hex.length === 2 * PUBLIC_KEY_BYTES && isHex(hex)) return idFromHex(hex, PUBLIC_KEY_BYTES)
  throw badArgument('public key of the link', `${2 * PUBLIC_KEY_BYTES} hex digits`, described(hex))
}

function readSalt(hex: string): Uint8Array {
  if (hex.length % 2 === 0 && hex.length <= 2 * MAX_SALT_BYTES && isHex(hex)) {
    return idFromHex(hex, hex.length / 2)
  }
  throw badArgument(
    'salt of the link',
    `an even number of hex digits, at most ${2 * MAX_SALT_BYTES}`,
    described(hex),
  )
}

function isHex(text: string): boolean {
  return /^[0-9a-fA-F]*$/.test(text)
}

function described(hex: string): string {
  return isHex(hex) ? `${hex.length} digits` : hex
}
