// What is asked: the queries as bytes, by network, and what is wrong with an answer. Written by hand so that the benchmark
// does not use the codecs that it measures. Not here: asking (sampling.ts), measuring (serving.ts).

export type Dialect = 'mainline' | 'khashmir'

const NODE_BYTES = 26
/** As many as BEP 5 and khashmir ask for. */
const NODES = 8
/** Announced under POPULAR. */
export const PEERS = 50
/** Stored under POPULAR: as many of 40 bytes as a datagram of khashmir has room for, about. */
export const VALUES = 30
const VALUE_BYTES = 40

/** Who asks, in all queries. */
const ASKER = Buffer.from('benchmark-generator!')
/** The infohash of the peers, and the key of the values, that the swarm brings. */
export const POPULAR = Buffer.from('popular-bench-torr01')

/** The nth value under POPULAR. */
export const valueOf = (n: number): Buffer => Buffer.from(String(n).padStart(VALUE_BYTES, 'v'))

/** A query and what of it varies. */
export interface Question {
  readonly query: Buffer
  /** Where the two bytes of the transaction are that differ from query to query. */
  readonly transactionAt: number
  /** So many bytes before them are the same in the answer. */
  readonly markBytes: number
  /** What else varies: so many bytes from there on, 0 to 20, an even number. */
  readonly targetAt: number
  readonly targetBytes: number
}

export interface Workload extends Question {
  readonly name: string
  /** Where the 20 bytes of a token are that the server must have given; -1: none. */
  readonly tokenAt: number
  /** Says what is wrong with an answer, or null. */
  readonly fault: (answer: Answer) => string | null
}

export interface Answer {
  readonly r?: {
    readonly id?: Uint8Array
    /** Of khashmir a list. */
    readonly nodes?: Uint8Array | readonly Uint8Array[]
    readonly num?: number
    readonly token?: Uint8Array
    readonly values?: readonly Uint8Array[]
  }
}

/** Of khashmir they have 20 bytes, of mainline any number. */
const TRANSACTIONS: Readonly<Record<Dialect, string>> = {
  mainline: 'TT',
  khashmir: 'benchmark-questionTT',
}

const fewNodes = ({ r }: Answer): string | null => {
  const bytes = r?.nodes instanceof Uint8Array ? r.nodes.length : 0
  return bytes >= NODES * NODE_BYTES && bytes % NODE_BYTES === 0 ? null : `${bytes} bytes of nodes`
}
const fewListed = ({ r }: Answer): string | null => {
  const count = Array.isArray(r?.nodes) ? r.nodes.length : 0
  return count === NODES ? null : `${count} nodes`
}
const noToken = ({ r }: Answer): string | null => ((r?.token?.length ?? 0) > 0 ? null : 'no token')
const otherThan = ({ r }: Answer, count: number): string | null =>
  r?.values?.length === count ? null : `${r?.values?.length ?? 0} values`

interface Making {
  readonly dialect: Dialect
  /** The method, and what tells it from others of the same. */
  readonly name: string
  /** Arguments behind `id`, in bencode. */
  readonly args?: string
  /** What varies: so many bytes behind this text. */
  readonly varies?: readonly [after: string, bytes: number]
  readonly fault: Workload['fault']
}

const TOKEN_KEY = '5:token20:'

function workload({ dialect, name, args = '', varies = ['', 0], fault }: Making): Workload {
  const method = name.split(',')[0]!
  const transaction = TRANSACTIONS[dialect]
  const mark = `1:t${transaction.length}:${transaction.slice(0, -2)}`
  const head = `d1:ad2:id20:${ASKER.toString('latin1')}${args}e1:q${method.length}:${method}${mark}`
  const [after, targetBytes] = varies
  const tokenAt = head.indexOf(TOKEN_KEY)
  return {
    name,
    query: Buffer.from(`${head}${transaction.slice(-2)}1:y1:qe`, 'latin1'),
    transactionAt: head.length,
    markBytes: mark.length,
    targetAt: targetBytes === 0 ? 0 : head.indexOf(after) + after.length,
    targetBytes,
    tokenAt: tokenAt < 0 ? -1 : tokenAt + TOKEN_KEY.length,
    fault,
  }
}

const FILLED = 'x'.repeat(20)

const mainline = (name: string, key: string, target: Buffer | null, fault: Workload['fault']): Workload =>
  workload({
    dialect: 'mainline',
    name,
    args: key === '' ? '' : key + (target?.toString('latin1') ?? FILLED),
    ...(key === '' || target !== null ? {} : { varies: [key, 20] as const }),
    fault,
  })

const khashmir = (name: string, args: string, varies: Making['varies'], fault: Workload['fault']): Workload =>
  workload({ dialect: 'khashmir', name, args, ...(varies === undefined ? {} : { varies }), fault })

/** Whose answer brings the token of a server of khashmir, which is good for every key. */
export const TOKEN_QUESTION = khashmir(
  'find_node',
  `6:target20:${FILLED}`,
  ['6:target20:', 20],
  (answer) => fewListed(answer) ?? noToken(answer),
)

export const WORKLOADS: Readonly<Record<Dialect, readonly Workload[]>> = {
  mainline: [
    mainline('ping', '', null, () => null),
    mainline('find_node', '6:target20:', null, fewNodes),
    mainline('get_peers', '9:info_hash20:', null, (answer) => fewNodes(answer) ?? noToken(answer)),
    mainline(`get_peers, ${PEERS} peers`, '9:info_hash20:', POPULAR, (answer) => {
      return otherThan(answer, PEERS) ?? noToken(answer)
    }),
  ],
  khashmir: [
    TOKEN_QUESTION,
    khashmir('find_value', `3:key20:${FILLED}`, ['3:key20:', 20], (answer) =>
      answer.r?.num === 0 ? fewListed(answer) : `num is ${answer.r?.num}`,
    ),
    khashmir(
      `get_value, ${VALUES} values`,
      `3:key20:${POPULAR.toString('latin1')}3:numi0e`,
      undefined,
      (answer) => otherThan(answer, VALUES),
    ),
    // One of 65,536 keys, so that after a while most are held already, as where values are kept alive.
    khashmir(
      'store_value',
      `3:key20:${FILLED}${TOKEN_KEY}${FILLED}5:value${VALUE_BYTES}:${valueOf(0).toString('latin1')}`,
      ['3:key20:', 2],
      () => null,
    ),
  ],
}
