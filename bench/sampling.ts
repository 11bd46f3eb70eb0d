// Asks a server a few times before it is measured, and checks that its answers are what they should be.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { TOKEN_QUESTION, type Answer, type Question, type Workload } from './workloads.ts'

const HOST = '127.0.0.1'
const ANSWER_MS = 2000
const SAMPLES = 20

/** What a server is asked in a workload, and what it answers. */
export interface Sample {
  /** With a token of this server where one is wanted. */
  readonly question: Question
  readonly smallest: number
  readonly largest: number
  /** One answer, and where the two bytes of its transaction are. */
  readonly answer: Buffer
  readonly transactionAt: number
}

/** Throws when the answers are not what they should be. */
export async function sample(port: number, workload: Workload): Promise<Sample> {
  const { name, fault, tokenAt } = workload
  const query = Buffer.from(workload.query)
  if (tokenAt >= 0) query.set(await tokenOf(port), tokenAt)
  const question = { ...workload, query }
  const answers = await answersTo(port, name, question)
  const decode = await loadDecode()
  for (const answer of answers) {
    const message = decode(answer)
    const wrong = message.r?.id?.length === 20 ? fault(message) : 'no reply with an id'
    if (wrong !== null) throw new Error(`bad answer to ${name}: ${wrong}`)
  }
  const sizes = answers.map((answer) => answer.length)
  const answer = answers.at(-1)!
  const mark = markOf(question)
  return {
    question,
    smallest: Math.min(...sizes),
    largest: Math.max(...sizes),
    answer,
    transactionAt: answer.lastIndexOf(mark) + mark.length,
  }
}

/** Of khashmir, where it belongs to the IP that asks, and not to a key. */
async function tokenOf(port: number): Promise<Uint8Array> {
  const [answer] = await answersTo(port, 'find_node', TOKEN_QUESTION)
  const token = (await loadDecode())(answer!).r?.token
  if (token?.length !== 20) throw new Error('find_node brings no token of 20 bytes')
  return token
}

async function answersTo(port: number, name: string, question: Question): Promise<Buffer[]> {
  const { query, transactionAt, targetAt, targetBytes } = question
  const mark = markOf(question)
  const socket = createSocket('udp4')
  socket.connect(port, HOST)
  await once(socket, 'connect')
  const answers: Buffer[] = []
  try {
    for (let index = 0; index < SAMPLES; index++) {
      const packet = Buffer.from(query)
      packet.writeUInt16BE(0x6100 + index, transactionAt)
      crypto.getRandomValues(packet.subarray(targetAt, targetAt + targetBytes))
      socket.send(packet)
      const transaction = packet.subarray(transactionAt, transactionAt + 2)
      answers.push(await answerTo(socket, Buffer.concat([mark, transaction])))
    }
    return answers
  } catch {
    throw new Error(`no answer to ${name}`)
  } finally {
    socket.close()
  }
}

/** What stands before the varying bytes of the transaction. */
function markOf({ query, transactionAt, markBytes }: Question): Buffer {
  return query.subarray(transactionAt - markBytes, transactionAt)
}

/** The next reply that has this transaction; others, such as queries to us, are passed over. */
async function answerTo(socket: ReturnType<typeof createSocket>, transaction: Buffer): Promise<Buffer> {
  const signal = AbortSignal.timeout(ANSWER_MS)
  for (;;) {
    const [packet] = (await once(socket, 'message', { signal })) as [Buffer]
    if (packet.includes(transaction) && packet.at(-2) === 0x72) return packet
  }
}

/** Of the npm package bencode, which has no types. */
async function loadDecode(): Promise<(bytes: Uint8Array) => Answer> {
  const name: string = 'bencode'
  const { default: bencode } = (await import(name)) as { default: { decode(bytes: Uint8Array): Answer } }
  return (bytes) => bencode.decode(bytes)
}
