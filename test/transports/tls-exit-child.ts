// Run by tls-transport.test.ts in a process of its own: does it end by itself after close(), with connections and requests
// under way before?
import { utf8 } from '../contracts/transport-contract.ts'
import { node } from './streams.ts'

const a = await node('TLS')
const b = await node('TLS')
for (let i = 0; i < 5; i++) a.transport.dial(utf8('question'), b.transport.local)
while (b.inbox.received.length < 5) await new Promise((resolve) => setTimeout(resolve, 5))
process.stdout.write('open')
process.on('exit', () => process.stdout.write(' exit'))
await Promise.all([a.transport.close(), b.transport.close()])
process.stdout.write(' closed')
