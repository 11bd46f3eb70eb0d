// Reads requests: that each field which its message wants is there and of the right type (drogulus B2). Fields have been
// found already (decode.ts).
import type { QueryMessage } from '../../../kademlia/ports.ts'
import { ERROR } from '../messages.ts'
import type { DrogulusQuery, Revision, SignedValue } from '../messages.ts'
import { MAX_MESSAGE_BYTES } from './bounds.ts'
import { readItem } from './decode-item.ts'
import { fields } from './fields.ts'
import { refuseRequest } from './refuse.ts'
import { requireId, requireRaw } from './required.ts'
import type { Wrong } from './refuse.ts'
import { sizeOfValueMessage } from './size.ts'

const QUERIES = ['ping', 'findnode', 'findvalue', 'store'] as const
type QueryName = (typeof QUERIES)[number]

const PING: DrogulusQuery = { method: 'ping' }

export function isQuery(name: string | null): name is QueryName {
  return (QUERIES as readonly (string | null)[]).includes(name)
}

/** Throws ProtocolError, as decodeMessage says. */
export function readQuery(
  name: QueryName,
  { uuid, revision }: { readonly uuid: Uint8Array; readonly revision: Revision },
): QueryMessage<DrogulusQuery> {
  const wrong: Wrong = (why) => refuseRequest(uuid, ERROR.badRequest, `${name}: ${why}`)
  const senderId = requireId('node', wrong)
  requireRaw('version', wrong)
  const replyPort = readReplyPort(wrong)
  const query = readArguments(name, { uuid, revision, anyPort: replyPort !== null }, wrong)
  // 0 is nobody's: whoever sends it wants to be in no table.
  return { kind: 'query', transaction: uuid, senderId, dialPort: replyPort === 0 ? null : replyPort, query }
}

function readArguments(
  method: QueryName,
  { uuid, revision, anyPort }: { uuid: Uint8Array; revision: Revision; anyPort: boolean },
  wrong: Wrong,
): DrogulusQuery {
  if (method === 'ping') return PING
  if (method !== 'store') return { method, key: requireId('key', wrong), anyPort }
  const item = readItem(revision, wrong)
  refuseTooBig(item, uuid, revision)
  return { method, item }
}

/** Whom we acknowledge a value must be able to get it back, and so must those whom we hand it to. */
function refuseTooBig(item: SignedValue, uuid: Uint8Array, revision: Revision): void {
  const size = sizeOfValueMessage(item, revision)
  if (size <= MAX_MESSAGE_BYTES) return
  refuseRequest(
    uuid,
    ERROR.tooBig,
    `as a value it would have ${size} bytes, at most ${MAX_MESSAGE_BYTES} are read`,
  )
}

/** Our own addition (drogulus B0); null: an original, which has none. */
function readReplyPort(wrong: Wrong): number | null {
  if (!fields.has('reply_port')) return null
  const port = fields.integerOf('reply_port')
  if (typeof port !== 'number' || port < 0 || port > 65_535) {
    wrong(`reply_port must be an integer from 0 to 65535, got ${port ?? fields.found('reply_port')}`)
  }
  return port
}
