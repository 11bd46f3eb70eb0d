// What is asked: the queries as bytes, and the check that a server's answers are what they should be before it is
// measured. Written by hand so that the benchmark does not use the codec that it measures.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'

const HOST = '127.0.0.1'
const ANSWER_MS = 2000
const SAMPLES = 20
const NODE_BYTES = 26
/** As many as BEP 5 asks for, and as many peers as are announced. */
const NODES = 8
export const PEERS = 50

/** Who asks, in all queries. */
const ASKER = Buffer.from('benchmark-generator!')
/** The infohash under which the swarm announces its peers. */
export const POPULAR = Buffer.from('popular-bench-torr01')

export interface Workload {
  readonly name: string
  readonly query: Buffer
  readonly transactionAt: number
  /** Where the 20 bytes are that vary from query to query; -1: none do. */
  readonly targetAt: number
  /** Says what is wrong with an answer, or null. */
  readonly fault: (answer: Answer) => string | null
}

export interface Answer {
  readonly r?: {
    readonly id?: Uint8Array
    readonly nodes?: Uint8Array
    readonly token?: Uint8Array
    readonly values?: readonly Uint8Array[]
  }
}

const fewNodes = ({ r }: Answer): string | null => {
  const bytes = r?.nodes?.length ?? 0
  return bytes >= NODES * NODE_BYTES && bytes % NODE_BYTES === 0 ? null : `${bytes} bytes of nodes`
}
const noToken = ({ r }: Answer): string | null => ((r?.token?.length ?? 0) > 0 ? null : 'no token')

export const WORKLOADS: readonly Workload[] = [
  workload('ping', '', null, () => null),
  workload('find_node', '6:target20:', null, fewNodes),
  workload('get_peers', '9:info_hash20:', null, (answer) => fewNodes(answer) ?? noToken(answer)),
  workload('get_peers, 50 peers', '9:info_hash20:', POPULAR, (answer) => {
    const peers = answer.r?.values?.length ?? 0
    return peers === PEERS ? noToken(answer) : `${peers} peers`
  }),
]

function workload(name: string, key: string, target: Buffer | null, fault: Workload['fault']): Workload {
  const method = name.split(',')[0]!
  const argument = key === '' ? '' : key + (target ?? Buffer.alloc(20, 'x')).toString('latin1')
  const head = `d1:ad2:id20:${ASKER.toString('latin1')}${argument}e1:q${method.length}:${method}1:t2:`
  const query = Buffer.from(`${head}TT1:y1:qe`, 'latin1')
  const targetAt = key === '' || target !== null ? -1 : query.indexOf(key) + key.length
  return { name, query, transactionAt: head.length, targetAt, fault }
}

/** What a server answers to a workload. */
export interface Sample {
  readonly smallest: number
  readonly largest: number
  /** One answer, and where its transaction is. */
  readonly answer: Buffer
  readonly transactionAt: number
}

/** Asks a server a few times and checks the answers; throws when they are not what they should be. */
export async function sample(
  port: number,
  { name, query, transactionAt, targetAt, fault }: Workload,
): Promise<Sample> {
  const bencode = await loadBencode()
  const socket = createSocket('udp4')
  socket.connect(port, HOST)
  await once(socket, 'connect')
  const answers: Buffer[] = []
  try {
    for (let index = 0; index < SAMPLES; index++) {
      const packet = Buffer.from(query)
      packet.writeUInt16BE(0x6100 + index, transactionAt)
      if (targetAt >= 0) crypto.getRandomValues(packet.subarray(targetAt, targetAt + 20))
      socket.send(packet)
      answers.push(await answerTo(socket, packet.subarray(transactionAt, transactionAt + 2)))
    }
  } catch {
    throw new Error(`no answer to ${name}`)
  } finally {
    socket.close()
  }
  for (const answer of answers) {
    const message = bencode.decode(answer) as Answer
    const wrong = message.r?.id?.length === 20 ? fault(message) : 'no reply with an id'
    if (wrong !== null) throw new Error(`bad answer to ${name}: ${wrong}`)
  }
  const sizes = answers.map((answer) => answer.length)
  const answer = answers.at(-1)!
  const bounds = { smallest: Math.min(...sizes), largest: Math.max(...sizes) }
  return { ...bounds, answer, transactionAt: answer.lastIndexOf('1:t2:') + 5 }
}

/** The next packet that answers a transaction; others, such as queries to us, are passed over. */
async function answerTo(socket: ReturnType<typeof createSocket>, transaction: Buffer): Promise<Buffer> {
  const signal = AbortSignal.timeout(ANSWER_MS)
  for (;;) {
    const [packet] = (await once(socket, 'message', { signal })) as [Buffer]
    if (packet.includes(Buffer.concat([Buffer.from('1:t2:'), transaction])) && packet.at(-2) === 0x72)
      return packet
  }
}

interface Bencode {
  decode(bytes: Uint8Array): unknown
}

/** The npm package, which has no types. */
async function loadBencode(): Promise<Bencode> {
  const name: string = 'bencode'
  const module = (await import(name)) as { default: Bencode }
  return module.default
}
