// The sizes and bounds of mainline's wire, each with its source.
import { LARGEST_DATAGRAM_BYTES } from '../../krpc/writer.ts'

export { ID_BYTES, NODE_BYTES } from '../../krpc/contact-form.ts'

/** K-04, BEP 20. */
export const VERSION_BYTES = 4

/** The largest datagram that we send when it carries no item (BEP 32, B33-11, B51-03, K-15). */
export const MAX_DATAGRAM_BYTES = 1_024

/**
 * The largest datagram that we send when it carries an item of BEP 44, whose value alone may have 1000 bytes (K-15):
 * what fits unfragmented into Ethernet's 1500 bytes with the headers of IP and UDP, which IPv6 has 20 more of.
 */
export const MAX_ITEM_DATAGRAM_BYTES = { 4: LARGEST_DATAGRAM_BYTES, 6: 1_452 } as const

/**
 * Up to where contacts are added to an item: over IPv6 not beyond what every link must carry (1280 bytes, RFC 8200),
 * which an item alone may exceed, because a value that is not sent is not stored either.
 */
export const MAX_ITEM_CONTACTS_BYTES = { 4: 1_472, 6: 1_232 } as const

/**
 * Write tokens, in both directions. BEP 5 gives no bound; deployed ones have 4 to 20 bytes. A query with a longer one
 * is refused with 203, in a reply it counts as absent.
 */
export const MAX_TOKEN_BYTES = 64

/**
 * Transactions of queries. Any length is to be echoed (K-02), but it must fit in the answer: this leaves 256 bytes,
 * more than an error takes, and than what is never shed from a reply without filters and item (226 with IPv6 and the
 * longest token). Longer ones are dropped. To a query with more than about 130 bytes an item or filters may not fit:
 * its answer is then an error, for an item is sent whole or not at all, and who asks so learns why.
 */
export const MAX_TRANSACTION_BYTES = MAX_DATAGRAM_BYTES - 256

/** Contacts taken from each of `nodes` and `nodes6` (B5-02, threat T26). */
export const MAX_CONTACTS = 16

/** Peers taken from `values` (threat T26). */
export const MAX_VALUES = 200

/** Infohashes taken from `samples`; 70 fill an Ethernet frame. The first ones count. */
export const MAX_SAMPLES = 100

/** Bytes of the text of an error: received ones are cut there, and so are ours. */
export const MAX_ERROR_BYTES = 128

/** BEP 44: an encoded value, and a salt. The text has both "< 1000" and "<= 1000"; deployed nodes take 1000 (B44-05). */
export const MAX_ITEM_BYTES = 1_000
export const MAX_SALT_BYTES = 64

/** Ed25519, BEP 44. */
export const PUBLIC_KEY_BYTES = 32
export const SIGNATURE_BYTES = 64

/** BEP 44 `seq`: 63 bits (B44-14). */
export const MAX_SEQ = 2n ** 63n - 1n

/** BEP 33: one filter. */
export const FILTER_BYTES = 256

/** BEP 51: seconds. */
export const MAX_SAMPLE_INTERVAL_S = 21_600
