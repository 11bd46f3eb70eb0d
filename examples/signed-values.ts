// Publishes a signed value under the key of its owner, replaces it, and reads it elsewhere, on a private drogulus network (a
// DHT of signed values, over TLS) of eight nodes in this process. Run it: npx node examples/signed-values.ts
// In your program import from 'xorbit', and name a node of your network as `bootstrap`: none is built in.
import { Drogulus, generateRsaKeyPair } from '../src/index.ts'

const nodes = [await Drogulus.open({ host: '127.0.0.1', port: 0, bootstrap: 'none' })]
const { port } = nodes[0]!.addresses[0]!
for (let i = 1; i < 8; i++) {
  const node = await Drogulus.open({ host: '127.0.0.1', port: 0, bootstrap: [`127.0.0.1:${port}`] })
  await node.join()
  nodes.push(node)
}
const [alice, bob] = [nodes[3]!, nodes[6]!]

// Keep it: who has the key writes under it. saveRsaKeyPair('me.pem', keyPair) puts it into a file. Without `keyPair` a node
// publishes under its own.
const keyPair = await generateRsaKeyPair()

// It says when it ends, so that the original program reads it too: that takes what never expires for expired.
const expires = new Date(Date.now() + 24 * 60 * 60 * 1000)
const meta = { 'content-type': 'application/json' }
const first = await alice.publish('status', { mood: 'fine', since: 2026 }, { keyPair, expires, meta })
console.log(`stored on ${first.stored} of ${first.asked} nodes`)

// The newer one wins, everywhere. Alice's node stores it again before it is forgotten, while it runs.
const second = await alice.publish('status', { mood: 'better' }, { keyPair, expires, meta })
console.log(
  `stored on ${second.stored} of ${second.asked} nodes, newer: ${second.timestamp > first.timestamp}`,
)

// Bob needs the public key and the name, nothing else. What he reads is verified.
const found = await bob.resolve(keyPair.publicKey, 'status')
console.log(`found ${JSON.stringify(found?.value)} as ${found?.meta['content-type']}`)

await Promise.all(nodes.map((node) => node.close()))
