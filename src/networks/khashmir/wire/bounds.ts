// The sizes and bounds of khashmir's wire, each with its source.
import { ID_BYTES, NODE_BYTES } from '../../krpc/contact-form.ts'
import { LARGEST_DATAGRAM_BYTES } from '../../krpc/writer.ts'

export { ID_BYTES }

/** A contact of `nodes`: id, IPv4, port (khashmir A2). */
export const CONTACT_BYTES = NODE_BYTES[4]

/** Responses, and errors, have at most so many bytes (khashmir A1, A4). */
export const UDP_PACKET_LIMIT = LARGEST_DATAGRAM_BYTES

/** What everybody sends, and all that the last version reads (khashmir A1). */
export const TRANSACTION_BYTES = 20

/**
 * Where any transaction is taken, as the versions of March 2008 do (khashmir A1), the longest that is: it leaves 448
 * bytes, more than any error and a reply of 8 contacts take. Only values are shed for it.
 */
export const MAX_TRANSACTION_BYTES = 1_024

/** What the originals give out (khashmir A2). */
export const TOKEN_BYTES = 20

/** In replies; one that is longer counts as absent. Nobody gives more than 20 bytes, and we would send it back. */
export const MAX_TOKEN_BYTES = 64

/** Contacts taken from `nodes`: twice the K of khashmir A9 (threat T26). The first ones count. */
export const MAX_CONTACTS = 16

/**
 * Values taken from `values`. In a reply of 1472 bytes there is room for 698, but all of them empty; at most 413 are
 * different from each other. The first ones count.
 */
export const MAX_VALUES = 600

/** Bytes of the text of an error that came in: it is cut there. */
export const MAX_ERROR_BYTES = 128

/** A store_value with a token and a transaction of 20 bytes and a value of 1000 to 9999, but for the value itself. */
const STORE_VALUE_BYTES =
  'd1:ad2:id20:3:key20:5:token20:5:value1000:e1:q11:store_value1:t20:1:y1:qe'.length +
  ID_BYTES +
  ID_BYTES +
  TOKEN_BYTES +
  TRANSACTION_BYTES

/** The largest value whose store_value is one datagram that nobody on the way need cut into pieces: 1319. */
export const MAX_OWN_VALUE_BYTES = UDP_PACKET_LIMIT - STORE_VALUE_BYTES
