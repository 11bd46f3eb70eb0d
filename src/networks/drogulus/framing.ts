// How messages of drogulus stand in a connection: netstrings (drogulus B1), and who leaves a connection open.
import { frameNetstring, NetstringReader } from '../../codecs/netstring.ts'
import { MsgPackError } from '../../codecs/msgpack-value.ts'
import type { Framing } from '../../node/ports.ts'
import { fields } from './wire/fields.ts'

/** Originals close a connection after one answer; what sends `reply_port` is one of ours, and does not (drogulus B0). */
export function createFraming(): Framing {
  return { reader: () => new NetstringReader(), frame: frameNetstring, keepsOpen: hasReplyPort }
}

/** Of bytes that are no message, whether it stands before the place where they break off. */
function hasReplyPort(message: Uint8Array): boolean {
  try {
    fields.scan(message)
  } catch (error) {
    if (!(error instanceof MsgPackError)) throw error
  }
  return fields.has('reply_port')
}
