// How mainline's answers to writes look: taken, or refused with a code and a text that says what to do (BEP 5, BEP 44).
// Not here: when each is given (answer-peers.ts, answer-items.ts).
import type { Answer } from '../../kademlia/ports.ts'
import { ERROR, type MainlineReply } from './messages.ts'

export type MainlineAnswer = Answer<MainlineReply>

/** It is stored, and will be acknowledged when that is committed. */
export const TAKEN: MainlineAnswer = { reply: {}, acknowledgesWrite: true }

export function refused(code: number, message: string): MainlineAnswer {
  return { refusal: { code, message }, failedToken: false }
}

/** Counts against its source (T10). `asking`: the method that gives tokens. */
export function badToken(method: string, asking: string): MainlineAnswer {
  const message = `${method}: the token is not valid; ask ${asking} for one`
  return { refusal: { code: ERROR.protocol, message }, failedToken: true }
}

export function noRoom(method: string, why: string): MainlineAnswer {
  return refused(ERROR.server, `${method}: no room: ${why}`)
}
