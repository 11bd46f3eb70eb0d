// Another process with a drogulus node, for the tests that need one: `drogulus-child.ts MODE FILE [HOST:PORT]`. Its lines
// on stdout are promises.
//   serve: opens a node on the file, prints its address, then publishes one value after another, for ever, and prints the
//     name of each that it was told is published
//   exit: opens two nodes, and leaves connections, a request to somebody silent and a promise behind; prints 'open',
//     closes both, prints 'closed' and must end by itself; 'exit' is its last line
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { Drogulus } from '../../src/networks/drogulus/open.ts'

function say(line: string): void {
  // Synchronous, so that the line is out before anything else happens.
  writeSync(1, `${line}\n`)
}

const LOOPBACK = { host: '127.0.0.1', port: 0, bootstrap: 'none' } as const

async function serve(store: string): Promise<void> {
  const node = await Drogulus.open({ ...LOOPBACK, store })
  const before = node.published().length
  say(`${node.addresses[0]!.port}`)
  for (let i = before; ; i++) {
    await node.publish(`name ${i}`, `value ${i}`)
    say(`name ${i}`)
  }
}

async function exit(store: string): Promise<void> {
  process.on('exit', () => say('exit'))
  const a = await Drogulus.open({ ...LOOPBACK, store })
  const b = await Drogulus.open(LOOPBACK)
  await b.join([a.addresses[0]!])
  await b.publish('mine', 'kept alive')
  // Who is connected to and says nothing, and who connects and says nothing.
  const silent = createServer(() => {})
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const asking = a.ping({ host: '127.0.0.1', port: (silent.address() as AddressInfo).port }).catch(() => {})
  await once(silent, 'connection')
  const stranger = connect(a.addresses[0]!)
  await once(stranger, 'connect')
  stranger.on('error', () => {})
  say('open')
  await Promise.all([a.close(), b.close(), a.close()])
  await asking
  say('closed')
  // Ours, not theirs.
  silent.close()
  stranger.destroy()
}

if (process.argv[1] === import.meta.filename) {
  const [, , mode, file] = process.argv
  await (mode === 'exit' ? exit : serve)(file!)
}
