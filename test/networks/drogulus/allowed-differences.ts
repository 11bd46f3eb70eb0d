// Where a node of ours does otherwise than the recorded originals, one by one, with the reason. The judges
// (vectors.test.ts, tls-vectors.test.ts, wire/vectors.test.ts) fail where a difference is not listed here, and where one
// that is listed does not occur. On the asking side (client-vectors.test.ts) there is none.
import { DROGULUS_COMMITS, type DrogulusCommit } from '../../drogulus-vectors.ts'

/** What ours does instead. */
export type Ours =
  /** An error of this code under the uuid of the request. */
  | { readonly code: number }
  /** No answer. */
  | 'silence'
  /** The first of the recorded messages, and no other behind it. */
  | 'first'
  /** What 804a320 answered, which has that change finished. */
  | '804a320'
  /** Contacts, nearest first: those that we have been answered by, and of which originals can read the port. */
  | 'contacts'
  /** What the same request is answered with over plain TCP. */
  | 'plain'

export interface AllowedDifference {
  /** Of the recorded lines. */
  readonly names: readonly string[]
  readonly commits: readonly DrogulusCommit[]
  /** Where ours differs: in what the wire makes of the message, or in what is answered to it. */
  readonly by: 'wire' | 'answers'
  readonly ours: Ours
  readonly why: string
}

const ALL = DROGULUS_COMMITS

export const ALLOWED_DIFFERENCES: readonly AllowedDifference[] = [
  {
    names: [
      'store-expires-int',
      'store-timestamp-int',
      'no-message-field',
      'ping-missing-field',
      'findnode-no-key',
      'findnode-empty-key',
      'findnode-long-key',
      'ping-empty-node',
      'ping-long-node',
      'trailing-bytes',
    ],
    commits: ALL,
    by: 'wire',
    ours: { code: 1 },
    why: 'the originals answer whatever is malformed with 3 and a new uuid, which nobody can match to a request',
  },
  {
    names: ['unknown-message', 'unknown-message-over-tls'],
    commits: ALL,
    by: 'wire',
    ours: { code: 2 },
    why: 'the originals mean to answer 2, and send 3 with a new uuid by mistake',
  },
  {
    names: ['ping-wrong-type', 'not-msgpack', 'empty-payload', 'not-a-map', 'an-int', 'str8'],
    commits: ALL,
    by: 'wire',
    ours: 'silence',
    why: 'there is no uuid to answer under, and an answer under another tells nobody anything',
  },
  {
    names: ['nodes-port-too-high'],
    commits: ALL,
    by: 'wire',
    ours: 'silence',
    why: 'ports are 1 to 65535; the originals answer the answer with an error, and lose the lookup',
  },
  {
    names: ['findnode-miss', 'findvalue-miss', 'findnode-short-key', 'findnode-full'],
    commits: ALL,
    by: 'answers',
    ours: 'contacts',
    why: 'in the originals whoever asks is a contact at once, under a port that nobody can dial and few can read',
  },
  {
    names: ['store-expired'],
    commits: ALL,
    by: 'answers',
    ours: { code: 1 },
    why: 'what has expired is not stored; the originals never look at it',
  },
  {
    names: ['findvalue-expired'],
    commits: ALL,
    by: 'answers',
    ours: 'contacts',
    why: 'what has expired is not served',
  },
  {
    names: [
      'store',
      'store-same-timestamp',
      'store-newer',
      'store-meta',
      'store-never-expires-float',
      'store-value-map',
      'store-empty-name',
      'store-big',
      'float32-timestamp',
      'store-noncanonical-int',
      'store-over-limit-value',
    ],
    commits: ['9cf11d9'],
    by: 'answers',
    ours: 'first',
    why: 'that version stores, answers with a pong, then fails at a line that says so, and sends an error 3 behind it',
  },
  {
    names: [
      'findvalue',
      'findvalue-newer',
      'findvalue-meta',
      'findvalue-never-expires',
      'findvalue-map',
      'findvalue-near-limit',
      'findvalue-over-tls',
    ],
    commits: ['9cf11d9'],
    by: 'answers',
    ours: '804a320',
    why: 'that version cannot build the message of a value that it holds, and sends an error 3',
  },
  {
    names: ['two-in-one-over-tls'],
    commits: ALL,
    by: 'answers',
    ours: 'plain',
    why: 'over TLS the originals lose what they write after they have begun to close; ours answers both as over plain TCP',
  },
]

/** The one of this name and version; null where ours must do the same. */
export function differenceOf(name: string, commit: DrogulusCommit): AllowedDifference | null {
  const found = ALLOWED_DIFFERENCES.find((each) => each.names.includes(name) && each.commits.includes(commit))
  return found ?? null
}
