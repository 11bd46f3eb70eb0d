// What came of a write on the closest nodes, for people and as JSON: how many took it, and why others did not.
// Not here: what was written.
import { hostPort } from '../codecs/compact-address.ts'
import { ERROR as DROGULUS_ERROR } from '../networks/drogulus/messages.ts'
import { ERROR as KHASHMIR_ERROR } from '../networks/khashmir/messages.ts'
import { ERROR } from '../networks/mainline/messages.ts'
import type { Refused, WriteReport } from '../node/write.ts'
import type { NetworkName } from './network.ts'
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

/** For how long nodes keep what is put once (BEP 44). */
export const ITEM_LIFE = 'two hours'
/** For how long nodes of khashmir do; those of March 2008 for one hour. */
export const VALUE_LIFE = 'three hours'

/** How to find what was stored; `life`: for how long nodes keep it, null where it is kept alive. */
export function findIt(command: string, life: string | null): string {
  return `find it${life === null ? '' : ` (for ${life}; longer with --keep-alive)`}:  ${command}`
}

/** 'stored on 7 of 8 nodes, 1 refused: 302 (a newer one is there)'; who refused is told with --verbose. */
export function storedLine(
  { stored, asked, refused }: WriteReport,
  output: Output,
  network: NetworkName,
): string {
  const meaning = (code: number | string): string => meaningOf(code, MEANINGS[network])
  for (const each of refused) output.detail(`${hostPort(each)}: ${meaning(each.code)}`)
  const nodes = counted(asked, 'node')
  // One alone is who publishes: it knows that the others would refuse.
  const nowhere = asked > 1 ? `not stored on any of ${nodes}` : 'not stored'
  const how = stored > 0 ? `stored on ${stored} of ${nodes}` : nowhere
  const reasons = Array.from(
    Map.groupBy(refused, ({ code }) => code),
    ([code, { length }]) => `${length}${typeof code === 'number' ? ' refused' : ''}: ${meaning(code)}`,
  )
  return [how, ...reasons].join(', ')
}

type Meanings = Readonly<Record<number, string>>

const OF_MAINLINE: Meanings = {
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

const OF_KHASHMIR: Meanings = {
  [KHASHMIR_ERROR.server]: 'an error of theirs',
  [KHASHMIR_ERROR.methodUnknown]: 'they take no values',
  [KHASHMIR_ERROR.malformedRequest]: 'the query is wrong',
  [KHASHMIR_ERROR.badToken]: 'our token is too old',
  [KHASHMIR_ERROR.tooLong]: 'the value is too large',
}

const OF_DROGULUS: Meanings = {
  [DROGULUS_ERROR.badRequest]: 'the value has expired, or its timestamp is in their future',
  [DROGULUS_ERROR.unknownRequest]: 'they take no values',
  [DROGULUS_ERROR.internal]: 'no room, or an error of theirs',
  [DROGULUS_ERROR.tooBig]: 'the value is too large',
  [DROGULUS_ERROR.unsupported]: 'they speak another version',
  [DROGULUS_ERROR.unverifiable]: 'they cannot verify the signature: is --revision theirs?',
  [DROGULUS_ERROR.keyMismatch]: 'they make the key otherwise',
  [DROGULUS_ERROR.superseded]: 'a newer one is there',
}

const MEANINGS: Readonly<Record<NetworkName, Meanings>> = {
  mainline: OF_MAINLINE,
  khashmir: OF_KHASHMIR,
  drogulus: OF_DROGULUS,
}

/** An error code with its meaning; why there was no answer as it is. */
function meaningOf(code: number | string, meanings: Meanings): string {
  if (typeof code === 'string') return code.replaceAll('-', ' ')
  const words = meanings[code]
  return words === undefined ? String(code) : `${code} (${words})`
}
