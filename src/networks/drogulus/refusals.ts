// How drogulus answers a store: taken, or refused with a code, a title and details (drogulus B4). Not here: when each is
// given (answer-store.ts).
import type { Answer } from '../../kademlia/ports.ts'
import { ERROR, TITLES, type DrogulusReply } from './messages.ts'

export type DrogulusAnswer = Answer<DrogulusReply>

/** It is stored, and will be acknowledged when that is committed. */
export const TAKEN: DrogulusAnswer = { reply: {}, acknowledgesWrite: true }

export function refused(code: number, details: Readonly<Record<string, string>> = {}): DrogulusAnswer {
  return { refusal: { code, message: TITLES[code] ?? 'Error', details }, failedToken: false }
}

/** Of a forgery: its sender is out. */
export function banned(code: number): DrogulusAnswer {
  return refused(code, { message: 'You have been blacklisted.' })
}

/** `timestamp`: of the value that is held, in seconds; told without its fraction. */
export function superseded(timestamp: number): DrogulusAnswer {
  return refused(ERROR.superseded, { new_timestamp: String(BigInt(Math.trunc(timestamp))) })
}
