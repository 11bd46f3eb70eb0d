// What came of a write on the closest nodes, for people and as JSON: how many took it, and why others did not.
// Not here: what was written.
import { hostPort } from '../codecs/compact-address.ts'
import { ERROR } from '../networks/mainline/messages.ts'
import type { Refused, WriteReport } from '../node/write.ts'
import { counted, type Output } from './output.ts'

/** The fields that every write has under --json. */
export function writeFacts({ key, stored, asked, refused }: WriteReport): {
  readonly key: string
  readonly stored: number
  readonly asked: number
  readonly refused: readonly Refused[]
} {
  const told = refused.map(({ host, port, code }) => ({ host, port, code }))
  return { key, stored, asked, refused: told }
}

/** How to find what was put, and for how long nodes keep what is put once (BEP 44). */
export function findIt(command: string, keepAlive: boolean): string {
  return `find it${keepAlive ? '' : ' (for two hours; longer with --keep-alive)'}:  ${command}`
}

/** 'stored on 7 of 8 nodes, 1 refused: 302 (a newer one is there)'; who refused is told with --verbose. */
export function storedLine({ stored, asked, refused }: WriteReport, output: Output): string {
  for (const each of refused) output.detail(`${hostPort(each)}: ${meaning(each.code)}`)
  const nodes = counted(asked, 'node')
  // One alone is who publishes: it knows that the others would refuse.
  const nowhere = asked > 1 ? `not stored on any of ${nodes}` : 'not stored'
  const how = stored > 0 ? `stored on ${stored} of ${nodes}` : nowhere
  const reasons = Map.groupBy(refused, ({ code }) => code)
  return [how, ...Array.from(reasons, ([code, those]) => reason(code, those.length))].join(', ')
}

function reason(code: number | string, count: number): string {
  return typeof code === 'number' ? `${count} refused: ${meaning(code)}` : `${count}: ${meaning(code)}`
}

const MEANINGS: Readonly<Record<number | string, string>> = {
  [ERROR.generic]: 'an error of theirs',
  [ERROR.server]: 'an error of theirs',
  [ERROR.protocol]: 'our token is too old, or the query is wrong',
  [ERROR.methodUnknown]: 'they store no values',
  [ERROR.valueTooBig]: 'the value is too large',
  [ERROR.badSignature]: 'the signature is wrong',
  [ERROR.saltTooBig]: 'the name is too long',
  [ERROR.casMismatch]: 'the newest version is not the one of --cas',
  [ERROR.seqTooOld]: 'a newer one is there',
}

/** A code of BEP 44 with its meaning; why there was no answer as it is. */
function meaning(code: number | string): string {
  if (typeof code === 'string') return code.replaceAll('-', ' ')
  const words = MEANINGS[code]
  return words === undefined ? String(code) : `${code} (${words})`
}
