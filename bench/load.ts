// The load generator in TypeScript, for machines without a C compiler: the same words, the same line of output and
// the same rules as load.c, which is about three times as fast. With this one the generator, not the server, is
// likely to be the limit; the benchmark shows both shares of processor time.
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'

const LOST_AFTER_MS = 250
const LOOK_EVERY_MS = 20
const MAX_WINDOW = 256
const TAIL = 64
const HISTOGRAM_US = 100_000
const HOST = '127.0.0.1'

const words = process.argv.slice(2)
const [port, sockets, window, lengthMs] = words.slice(0, 4).map(Number) as [number, number, number, number]
const query = Buffer.from(words[4]!, 'hex')
const [transactionAt, markBytes, targetAt, targetBytes, minBytes, maxBytes] = words
  .slice(5, 11)
  .map(Number) as [number, number, number, number, number, number]
/** What stands before the transaction, in the answer as in the question. */
const mark = query.toString('latin1', transactionAt - markBytes, transactionAt)

interface Slot {
  transaction: number
  /** performance.now() of the question; 0 when never asked. */
  sent: number
  /** Its own copy, so that a question that is still queued is not overwritten. */
  readonly packet: Buffer
}

const counts = { sent: 0, answers: 0, answerBytes: 0, invalid: 0, questions: 0, lost: 0 }
const histogram = new Uint32Array(HISTOGRAM_US)
const NOT_OURS = -1
const QUESTION = -2

function ask(socket: Socket, slot: Slot, index: number, time: number): void {
  slot.transaction = ((slot.transaction + 256) & 0xff00) | index
  slot.sent = time
  const { packet } = slot
  packet.writeUInt16BE(slot.transaction, transactionAt)
  for (let offset = 0; offset < targetBytes; offset += 2) {
    packet.writeUInt16LE((Math.random() * 0x1_0000) >>> 0, targetAt + offset)
  }
  counts.sent++
  socket.send(packet, port, HOST)
}

/** The transaction that a packet answers. */
function transactionOf(packet: Buffer): number {
  const length = packet.length
  if (length < 16 || packet[0] !== 0x64 || packet.toString('latin1', length - 7, length - 2) !== '1:y1:')
    return NOT_OURS
  if (packet[length - 2] === 0x71) return QUESTION
  if (packet[length - 2] !== 0x72 || length < minBytes || length > maxBytes) return NOT_OURS
  const tail = Math.max(0, length - TAIL)
  const found = packet.toString('latin1', tail).indexOf(mark)
  return found < 0 ? NOT_OURS : packet.readUInt16BE(tail + found + markBytes)
}

function take(socket: Socket, slots: Slot[], packet: Buffer): void {
  const transaction = transactionOf(packet)
  if (transaction === QUESTION) {
    counts.questions++
    return
  }
  const slot = transaction < 0 ? undefined : slots[transaction & 255]
  if (slot === undefined || slot.sent === 0 || slot.transaction !== transaction) {
    counts.invalid++
    return
  }
  const time = performance.now()
  const delayUs = Math.min(Math.floor((time - slot.sent) * 1000), HISTOGRAM_US - 1)
  histogram[delayUs] = histogram[delayUs]! + 1
  counts.answers++
  counts.answerBytes += packet.length
  ask(socket, slot, transaction & 255, time)
}

/** Asks again where no answer came. At the start, asks for the first time. */
function refill(socket: Socket, slots: Slot[]): void {
  const time = performance.now()
  for (const [index, slot] of slots.entries()) {
    if (slot.sent !== 0 && time - slot.sent < LOST_AFTER_MS) continue
    if (slot.sent !== 0) counts.lost++
    ask(socket, slot, index, time)
  }
}

function percentile(share: number): number {
  let below = 0
  return histogram.findIndex((count) => (below += count) >= share * counts.answers)
}

function opened(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', lookup: (address, _options, done) => done(null, address, 4) })
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.bind(0, HOST, () => {
      socket.setRecvBufferSize(4 * 1024 * 1024)
      resolve(socket)
    })
  })
}

const lanes: { socket: Socket; slots: Slot[] }[] = []
for (let lane = 0; lane < sockets; lane++) {
  const socket = await opened()
  const slots = Array.from({ length: Math.min(window, MAX_WINDOW) }, (): Slot => {
    return { transaction: 0, sent: 0, packet: Buffer.from(query) }
  })
  socket.on('message', (packet) => take(socket, slots, packet))
  lanes.push({ socket, slots })
}
const cpu = process.cpuUsage()
const startedAt = performance.now()
const refillAll = (): void => {
  for (const { socket, slots } of lanes) refill(socket, slots)
}
refillAll()
const timer = setInterval(refillAll, LOOK_EVERY_MS)
await new Promise((resolve) => setTimeout(resolve, lengthMs))
clearInterval(timer)
const { user, system } = process.cpuUsage(cpu)
const ms = performance.now() - startedAt
for (const { socket } of lanes) socket.close()
const result = {
  ms,
  cpuMs: (user + system) / 1000,
  ...counts,
  p50Us: percentile(0.5),
  p99Us: percentile(0.99),
}
process.stdout.write(`${JSON.stringify(result)}\n`)
