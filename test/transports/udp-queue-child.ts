// Run by udp-transport.test.ts in a process whose dgram queues every packet: is what was queued sent whole,
// although its sender reuses the bytes; is the queue bounded; does close() send it?
import { openUdpTransport } from '../../src/transports/udp-transport.ts'
import { Inbox } from '../contracts/transport-contract.ts'

const PACKETS = 50
const local = { host: '127.0.0.1', port: 0, family: 4 } as const

const inbox = new Inbox()
const target = await openUdpTransport(local)
target.start(inbox)
const sender = await openUdpTransport(local)
sender.start(new Inbox())

const bytes = new Uint8Array(100)
for (let index = 0; index < PACKETS; index++) {
  bytes.fill(index)
  if (index % 2 === 0) sender.dial(bytes, target.local)
  else sender.send(bytes, target.local)
}
bytes.fill(255)
await sender.close()
for (let round = 0; round < 200 && inbox.received.length < PACKETS; round++) {
  await new Promise((resolve) => setTimeout(resolve, 5))
}
await target.close()
const seen = new Set(inbox.received.map((packet) => packet.bytes.join()))
const expected = Array.from({ length: PACKETS }, (_, index) => new Uint8Array(100).fill(index).join())
const intact = expected.filter((text) => seen.has(text)).length

// 8 MiB within one turn of the event loop, into a queue of 4.
const flooder = await openUdpTransport(local)
flooder.start(new Inbox())
for (let index = 0; index < 8192; index++) flooder.send(new Uint8Array(1024), flooder.local)
const { dropped, bytesOut } = flooder.counters()
await flooder.close()

const droppedWhenFull = (dropped['queue-full'] ?? 0) > 0
process.stdout.write(JSON.stringify({ intact, droppedWhenFull, boundHeld: bytesOut <= 4 * 1024 * 1024 }))
