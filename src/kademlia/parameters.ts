// Every number of the algorithm in one place: its type, its default, its bound and its source.
// Not here: numbers of one wire or one store; those stand in their own folders.

export interface Parameters {
  /** Length of an id in bytes: 20 or 64. (Property tests use 1 or 2.) */
  readonly idBytes: number
  /** Contacts a bucket holds, and closest contacts a lookup returns. Kademlia paper, section 2.2; BEP 5. */
  readonly k: number
  /**
   * Requests of one lookup under way at once to those nearer than the next to be asked, not counting slow ones. Paper: 3;
   * libtorrent: 5.
   */
  readonly alpha: number
  /** Independent paths of one lookup; 1 is the paper's lookup. S/Kademlia. */
  readonly disjointPaths: number
  /** Candidates one path of a lookup remembers; the farthest falls out. libtorrent: 100. */
  readonly maxCandidates: number
  /** Contacts of one reply that a lookup takes in. threat T26. */
  readonly maxContactsPerReply: number
  /** Candidates with one IP address that a lookup asks at once, or that answered; not in private. threat T7. */
  readonly maxCandidatesPerIp: number
  /** Replacement cache of a bucket; the oldest falls out. libtorrent: 8. */
  readonly replacementCacheSize: number
  /** How long a contact stays good after a sign of life. BEP 5: 15 min. */
  readonly goodForMs: number
  /** Misses in a row that make a contact bad. BEP 5: "multiple". */
  readonly maxFailures: number
  /** Whether the two deepest buckets become one again when their contacts fit into it. */
  readonly mergesBuckets: boolean
  /** Further misses, at growing intervals, after which a bad contact goes that nobody replaces. libtorrent: 20 in all. */
  readonly lastChances: number
  /** A bucket unchanged for so long is refreshed. BEP 5: 15 min. */
  readonly bucketRefreshMs: number
  /** A bucket is refreshed after so long even if its contacts keep answering, to find others. Paper, 2.3: an hour. */
  readonly bucketLookupMs: number
  /** When the same request is sent again, after its first sending. Ascending. */
  readonly resendAfterMs: readonly number[]
  /** Whether a resend keeps its transaction id (khashmir) or is a new transaction (mainline: K-05). */
  readonly resendKeepsTransaction: boolean
  /** Whether a lookup asks again as soon as an answer is overdue by what the network has shown, if that is earlier. */
  readonly resendsEarly: boolean
  /** When a request has failed, after its first sending. */
  readonly requestTimeoutMs: number
  /** Bounds of the time after which a request counts as slow and gives its slot back. */
  readonly slowAfterMinMs: number
  readonly slowAfterMaxMs: number
  /** Requests under way at once; a further one fails at once as overload. */
  readonly maxInFlight: number
  /** Requests that one path of a lookup sends in all; then it ends with what it has. */
  readonly maxAsked: number
  /** Lookups under way at once; a further one is refused as overload. */
  readonly maxLookups: number
  /** Random bytes in a transaction id. threat T16: at least 4. */
  readonly transactionIdBytes: number
  /** Bytes of a write token. threat T10: at least 8. */
  readonly tokenBytes: number
  /** How often the secret behind the write tokens changes. BEP 5: 5 min. */
  readonly tokenRotationMs: number
  /** How many secrets are accepted, the current one included. BEP 5: tokens up to ten minutes old, so 2. */
  readonly tokenSecrets: number
  /** How often id and contacts are saved and expired entries dropped. */
  readonly checkpointMs: number
  /** How often questionable contacts are looked for. */
  readonly maintenanceMs: number
  /** Questionable contacts pinged in one round of maintenance. */
  readonly maxPingsPerRound: number
  /** Senders of queries being vetted by a ping at once; further ones are not vetted. */
  readonly maxVetting: number
  /** A pause in our own time longer than this means that we slept. threat T30. */
  readonly sleptAfterMs: number
  /** Misses in a row, of different contacts and with nothing received between, that mean our own link is down. */
  readonly offlineAfterMisses: number
  /** How long an endpoint that did not answer is left alone as hearsay; doubles up to the maximum. */
  readonly unreachableForMs: number
  readonly unreachableForMaxMs: number
  /** How long an endpoint that answered with another id than named is banned. threat T5. */
  readonly imposterForMs: number
  /** Datagrams without an answer, resends too, that one unproven IP gets in unprovenWindowMs; not in private. T7. */
  readonly maxUnansweredPerIp: number
  readonly unprovenWindowMs: number
  /** Suspect endpoints and IPs remembered; the oldest is forgotten. */
  readonly maxSuspects: number
}

const MINUTE = 60_000

/** Defaults; what a network does otherwise stands in its options. */
export const defaultParameters: Parameters = {
  idBytes: 20,
  k: 8,
  alpha: 4,
  disjointPaths: 1,
  maxCandidates: 100,
  maxContactsPerReply: 16,
  maxCandidatesPerIp: 2,
  replacementCacheSize: 8,
  goodForMs: 15 * MINUTE,
  maxFailures: 2,
  mergesBuckets: true,
  lastChances: 8,
  bucketRefreshMs: 15 * MINUTE,
  bucketLookupMs: 60 * MINUTE,
  resendAfterMs: [1_000, 2_500],
  resendKeepsTransaction: false,
  resendsEarly: true,
  requestTimeoutMs: 4_500,
  slowAfterMinMs: 150,
  slowAfterMaxMs: 2_000,
  maxInFlight: 2_048,
  maxAsked: 256,
  maxLookups: 256,
  transactionIdBytes: 4,
  tokenBytes: 8,
  tokenRotationMs: 5 * MINUTE,
  tokenSecrets: 2,
  checkpointMs: 5 * MINUTE,
  maintenanceMs: 10_000,
  maxPingsPerRound: 4,
  maxVetting: 32,
  sleptAfterMs: MINUTE,
  offlineAfterMisses: 16,
  unreachableForMs: 60_000,
  unreachableForMaxMs: 10 * MINUTE,
  imposterForMs: 40 * MINUTE,
  maxUnansweredPerIp: 6,
  unprovenWindowMs: 5 * MINUTE,
  maxSuspects: 4_096,
}
