// How khashmir's answers to writes look: taken, or refused with a code and a text that says what to do (khashmir A4).
// Not here: when each is given (answer-values.ts).
import type { Answer } from '../../kademlia/ports.ts'
import { ERROR, type KhashmirReply } from './messages.ts'

export type KhashmirAnswer = Answer<KhashmirReply>

/** It is stored, and will be acknowledged when that is committed. */
export const TAKEN: KhashmirAnswer = { reply: {}, acknowledgesWrite: true }

/** Counts against its source (T10). The one text of the wire that is the same everywhere (khashmir A3). */
export const BAD_TOKEN: KhashmirAnswer = {
  refusal: { code: ERROR.badToken, message: 'token is invalid, do a find_nodes to get a fresh one' },
  failedToken: true,
}

export function refused(code: number, message: string): KhashmirAnswer {
  return { refusal: { code, message }, failedToken: false }
}

export function noRoom(why: string): KhashmirAnswer {
  return refused(ERROR.server, `store_value: no room: ${why}`)
}

export function tooLong(bytes: number, most: number): KhashmirAnswer {
  return refused(ERROR.server, `store_value: value must be at most ${most} bytes, got ${bytes}`)
}
