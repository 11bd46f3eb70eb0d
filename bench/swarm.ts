// A process of many small nodes: each has a socket and answers pings under an id of its own for each server. They
// introduce themselves to a server until its table is full, and announce peers, all by ordinary queries.
import { createSocket } from 'node:dgram'
import type { RemoteInfo, Socket } from 'node:dgram'
import { answerCalls } from './process.ts'
import type { Dialect } from './workloads.ts'

const HOST = '127.0.0.1'
/** For each length of prefix that an id can share with the server's, as many as the largest bucket of any takes. */
const DEPTHS = 24
const PER_DEPTH = 20
const NODES = DEPTHS * PER_DEPTH
const ID_BYTES = 20
const ANSWER_MS = 1000
const ATTEMPTS = 5

interface Node {
  readonly socket: Socket
  /** Our id towards each server, by its port. */
  readonly ids: Map<number, Buffer>
  /** What waits for an answer, by transaction. */
  readonly waiting: Map<string, (answer: Buffer) => void>
}

const nodes: Node[] = []
let speaks: Dialect = 'mainline'

async function open({ dialect }: { dialect: Dialect }): Promise<number> {
  speaks = dialect
  for (let index = 0; index < NODES; index++) {
    const socket = createSocket('udp4')
    const node: Node = { socket, ids: new Map(), waiting: new Map() }
    socket.on('message', (packet, from) => receive(node, packet, from))
    await bindToOwnAddress(socket, index)
    nodes.push(node)
  }
  return nodes.length
}

/** An address of its own for each, as a server may keep one peer an address; where only 127.0.0.1 is, that. */
async function bindToOwnAddress(socket: Socket, index: number): Promise<void> {
  const bind = (host: string): Promise<void> =>
    new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(0, host, () => {
        socket.off('error', reject)
        resolve()
      })
    })
  try {
    await bind(`127.0.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`)
  } catch {
    await bind(HOST)
  }
}

/**
 * Answers any query with our id, which is all that a ping needs, and hands answers to who waits. Khashmir wants a list of
 * contacts in an answer to find_node, and an empty one does.
 */
function receive(node: Node, packet: Buffer, from: RemoteInfo): void {
  const kind = packet.toString('latin1', packet.length - 7)
  const transaction = transactionOf(packet)
  if (transaction === null) return
  if (kind === '1:y1:re') return node.waiting.get(transaction.toString('latin1'))?.(packet)
  const id = node.ids.get(from.port)
  if (kind !== '1:y1:qe' || id === undefined) return
  const nodes = speaks === 'khashmir' ? '5:nodesle' : ''
  const head = Buffer.concat([
    Buffer.from('d1:rd2:id20:'),
    id,
    Buffer.from(`${nodes}e1:t${transaction.length}:`),
  ])
  node.socket.send(Buffer.concat([head, transaction, Buffer.from('1:y1:re')]), from.port, HOST)
}

/** The bytes of the key `t`, which is followed at most by `v` and `y`. */
function transactionOf(packet: Buffer): Buffer | null {
  const at = packet.lastIndexOf('1:t')
  const colon = packet.indexOf(':', at + 3)
  const length = Number(packet.toString('latin1', at + 3, colon))
  return at < 0 || colon < 0 || !Number.isInteger(length)
    ? null
    : packet.subarray(colon + 1, colon + 1 + length)
}

/** Sends a query until it is answered; throws after a few attempts. */
async function query(node: Node, port: number, method: string, fields: Buffer[]): Promise<Buffer> {
  const id = node.ids.get(port)!
  const length = speaks === 'khashmir' ? 20 : 2
  const transaction = Buffer.from(String(Math.floor(Math.random() * 90 + 10)).padStart(length, 't'))
  const text = transaction.toString('latin1')
  const tail = Buffer.from(`e1:q${method.length}:${method}1:t${length}:${text}1:y1:qe`)
  const packet = Buffer.concat([Buffer.from('d1:ad2:id20:'), id, ...fields, tail])
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const answer = await new Promise<Buffer | null>((resolve) => {
      const timer = setTimeout(() => resolve(null), ANSWER_MS)
      node.waiting.set(text, (bytes) => {
        clearTimeout(timer)
        resolve(bytes)
      })
      node.socket.send(packet, port, HOST)
    })
    node.waiting.delete(text)
    if (answer !== null) return answer
  }
  throw new Error(`the server on port ${port} does not answer ${method}`)
}

/** An id that shares exactly `depth` bits with another. */
function idAtDepth(other: Buffer, depth: number): Buffer {
  const id = crypto.getRandomValues(Buffer.alloc(ID_BYTES))
  other.copy(id, 0, 0, depth >> 3)
  const byte = depth >> 3
  const mask = 0xff >> (depth & 7)
  const flipped = other[byte]! ^ (0x80 >> (depth & 7))
  id[byte] = (flipped & ~(mask >> 1)) | (id[byte]! & (mask >> 1))
  return id
}

/** Introduces every node to a server. Called again until the table has taken what it wants. */
async function introduce({ port }: { port: number }): Promise<number> {
  const first = nodes[0]!
  if (!first.ids.has(port)) {
    first.ids.set(port, crypto.getRandomValues(Buffer.alloc(ID_BYTES)))
    const answer = await query(first, port, 'ping', [])
    const at = answer.indexOf('2:id20:') + 7
    const server = Buffer.from(answer.subarray(at, at + ID_BYTES))
    for (const [index, node] of nodes.entries()) node.ids.set(port, idAtDepth(server, index % DEPTHS))
  }
  for (const node of nodes) await query(node, port, 'ping', [])
  return nodes.length
}

/** Announces one peer a node under an infohash, for the first `count` nodes. */
async function announce({
  port,
  infoHash,
  count,
}: {
  port: number
  infoHash: string
  count: number
}): Promise<void> {
  const hash = Buffer.concat([Buffer.from('9:info_hash20:'), Buffer.from(infoHash, 'hex')])
  for (const [index, node] of nodes.slice(0, count).entries()) {
    const token = tokenIn(await query(node, port, 'get_peers', [hash]))
    await query(node, port, 'announce_peer', [hash, Buffer.from(`4:porti${20_000 + index}e`), token])
  }
}

/** Stores values (hex) under a key, in khashmir, each by a node of its own. */
async function store({
  port,
  key,
  values,
}: {
  port: number
  key: string
  values: readonly string[]
}): Promise<void> {
  const bytes = Buffer.from(key, 'hex')
  for (const [index, value] of values.entries()) {
    const node = nodes[index % nodes.length]!
    const target = Buffer.concat([Buffer.from('6:target20:'), bytes])
    const token = tokenIn(await query(node, port, 'find_node', [target]))
    const stored = Buffer.concat([Buffer.from(`5:value${value.length / 2}:`), Buffer.from(value, 'hex')])
    await query(node, port, 'store_value', [Buffer.concat([Buffer.from('3:key20:'), bytes]), token, stored])
  }
}

/** The token of an answer, with its key. */
function tokenIn(answer: Buffer): Buffer {
  const at = answer.indexOf('5:token') + 7
  const colon = answer.indexOf(':', at)
  const end = colon + 1 + Number(answer.toString('latin1', at, colon))
  return Buffer.concat([Buffer.from('5:token'), answer.subarray(at, end)])
}

answerCalls({ open, introduce, announce, store })
