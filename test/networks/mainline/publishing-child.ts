// Another process with a node, for the test that kills it: `publishing-child.ts FILE BOOTSTRAP SECRET`. Publishes names
// without end, and once more one and the same; each number on stdout says that so many are promised.
import { writeSync } from 'node:fs'
import { keyPairFrom, Mainline } from '../../../src/index.ts'

const [store, bootstrap, secret] = process.argv.slice(2) as [string, string, string]
const keyPair = keyPairFrom(secret)
const node = await Mainline.open({ host: '127.0.0.1', port: 0, bootstrap: [bootstrap], store })
await node.join()
await node.publish('seen', 'newest', { keyPair, seq: 9, keepAlive: false })
await node.resolve(keyPair.publicKey, 'seen')
for (let count = 1; ; count++) {
  await Promise.all([
    node.publish(`name ${count}`, count, { keyPair }),
    node.publish('counter', count, { keyPair }),
  ])
  // Synchronous, so that the line is out before anything else happens.
  writeSync(1, `${count}\n`)
}
