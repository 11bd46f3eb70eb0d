// Where a node of ours does otherwise than the recorded originals, one by one, with the reason. The judges
// (vectors.test.ts, table-vectors.test.ts) fail where a difference is not listed here, and where one that is listed does
// not occur. On the asking side (client-vectors.test.ts) there is none.
import type { BencodeInput } from '../../../src/codecs/bencode.ts'
import { KHASHMIR_COMMITS, type KhashmirCommit } from '../../khashmir-vectors.ts'

/** What ours does instead. */
export type Ours =
  /** An error of this code, with a text of our own. */
  | { readonly code: number }
  /** The recorded reply with these fields instead; of a recorded error, a reply with no others besides the id. */
  | { readonly reply: Readonly<Record<string, BencodeInput>> }
  /** Told in the reason; the test beside it says what is compared. */
  | 'otherwise'

export interface AllowedDifference {
  /** Of the recorded lines. */
  readonly name: string
  readonly commits: readonly KhashmirCommit[]
  readonly ours: Ours
  readonly why: string
}

const ALL = KHASHMIR_COMMITS
/** The three versions of March 2008. */
const MARCH = KHASHMIR_COMMITS.filter((commit) => commit !== 'HEAD')

const NOT_IN_OWN_ANSWER = {
  commits: MARCH,
  ours: { reply: { nodes: [] } },
  why: 'in March 2008 whoever asks is in the table at once, and so in its own answer; ours asks back first, as HEAD does',
} as const

/** Compared by the code (khashmir A4). */
const OWN_TEXT = {
  commits: ALL,
  ours: { code: 204 },
  why: 'the text is that of a TypeError of Python, another one in each of its versions',
} as const

export const ALLOWED_DIFFERENCES: readonly AllowedDifference[] = [
  { name: 'find_node-empty-table', ...NOT_IN_OWN_ANSWER },
  { name: 'find_node-token-check', ...NOT_IN_OWN_ANSWER },
  { name: 'find_node', ...NOT_IN_OWN_ANSWER },
  { name: 'find_value-none', ...NOT_IN_OWN_ANSWER },
  { name: 'find_value', ...NOT_IN_OWN_ANSWER },
  { name: 'store_value-no-token', ...OWN_TEXT },
  { name: 'get_value-no-num', ...OWN_TEXT },
  { name: 'malformed-no-id', ...OWN_TEXT },
  { name: 'malformed-extra-arg', ...OWN_TEXT },
  { name: 'malformed-no-target', ...OWN_TEXT },
  { name: 'find_node-list-target', ...OWN_TEXT },
  {
    name: 'get_value-negative',
    commits: ALL,
    ours: { code: 204 },
    why: 'a negative number of values has no meaning; the originals cut off the end of a shuffled list',
  },
  {
    name: 'find_node-int-target',
    commits: ALL,
    ours: { code: 204 },
    why: 'an id is 20 bytes and no integer',
  },
  {
    name: 'store_value-int-value',
    commits: ALL,
    ours: { code: 204 },
    why: 'a value is a string; the originals store the decimal text of an integer',
  },
  {
    name: 'get_value-int-value',
    commits: ALL,
    ours: { reply: { values: [] } },
    why: 'nothing was stored, for a value is a string',
  },
  {
    name: 'store_value-short-key',
    commits: ALL,
    ours: { code: 201 },
    why: 'a key has 20 bytes; the originals check it in find_value alone, so that nobody could find this one',
  },
  {
    name: 'get_value-short-key',
    commits: ALL,
    ours: { code: 201 },
    why: 'a key has 20 bytes; the originals check it in find_value alone',
  },
  {
    name: 'ping-null-id',
    commits: MARCH,
    ours: { reply: {} },
    why: 'who does not tell its id is answered, as by HEAD, and does not enter the table',
  },
  {
    name: 'get_value-cut-to-exactly-1472',
    commits: ALL,
    ours: { reply: { values: ['e'.repeat(1_391)] } },
    why: 'an answer that has 1472 bytes after cutting fits as well as one that had them before',
  },
  {
    name: 'unsolicited-ping',
    commits: MARCH,
    ours: 'otherwise',
    why: 'ours asks back whoever asks, as HEAD does; in March 2008 nobody did',
  },
  {
    name: 'table-merge',
    commits: ['e525e8e'],
    ours: 'otherwise',
    why: 'the first version leaves an empty bucket where the later ones, and ours, merge two',
  },
]

/** The one of this name and version; null where ours must do the same. */
export function differenceOf(name: string, commit: KhashmirCommit): AllowedDifference | null {
  const found = ALLOWED_DIFFERENCES.find((each) => each.name === name && each.commits.includes(commit))
  return found ?? null
}
