// The sizes and bounds of drogulus' wire, each with its source.
import { MAX_DEPTH } from '../../../codecs/msgpack.ts'
import { MAX_NETSTRING_BYTES } from '../../../codecs/netstring.ts'

/** Ids and keys are SHA-512 hashes (drogulus B3). */
export const ID_BYTES = 64

/** The largest message that anybody reads (drogulus B1). */
export const MAX_MESSAGE_BYTES = MAX_NETSTRING_BYTES

/** Of a value, arrays and maps inside each other: it must be possible to pack it within a message, or within a record. */
export const MAX_VALUE_DEPTH = MAX_DEPTH - 1

/** Our transactions: all the bits that a uuid has. */
export const TRANSACTION_BYTES = 16

/** A uuid as text (drogulus B2). */
export const UUID_TEXT_BYTES = 36

/** Others may call a request what they like, and get it back; what is longer than this is no uuid. */
export const MAX_UUID_BYTES = 256

/** Contacts taken from `nodes`: twice the K of drogulus B9 (threat T26). The first ones count. */
export const MAX_CONTACTS = 40

/** The longest text that can be an IP address: IPv6 that ends in IPv4. */
export const MAX_HOST_TEXT = 45

/** Bytes taken of the title of an error, and of each text of its details: they are cut there. */
export const MAX_ERROR_BYTES = 128

/** Pairs taken from the details of an error; the first ones count. Originals send at most one (drogulus B4). */
export const MAX_DETAILS = 8

/** Of all versions of 2013; never compared (drogulus B2). */
export const VERSION = new TextEncoder().encode('0.0.0.alpha.0')
