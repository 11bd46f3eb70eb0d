// Publishes a signed value that anybody can look up and nobody can forge, replaces it, and reads it elsewhere, on a network
// of eight nodes in this process. Run it: npx node examples/publish-and-resolve.ts
// In your program import from 'xorbit', and leave out `host`, `port` and `bootstrap` to join the public BitTorrent DHT.
import { generateKeyPair, Mainline, toHex } from '../src/index.ts'

const nodes = [await Mainline.open({ host: '127.0.0.1', port: 0, bootstrap: 'none' })]
const { port } = nodes[0]!.addresses[0]!
for (let i = 1; i < 8; i++) {
  const node = await Mainline.open({ host: '127.0.0.1', port: 0, bootstrap: [`127.0.0.1:${port}`] })
  await node.join()
  nodes.push(node)
}
const [alice, bob] = [nodes[3]!, nodes[6]!]

// Keep it: who has the key writes under it. saveKeyPair('me.pem', keyPair) puts it into a file.
const keyPair = generateKeyPair()
console.log(`key    ${toHex(keyPair.publicKey)}`)

const first = await alice.publish('status', { mood: 'fine', since: 2026 }, { keyPair })
console.log(`seq ${first.seq}  stored on ${first.stored} of ${first.asked} nodes`)

// Only if nobody else has published in between (compare and swap).
const second = await alice.publish('status', { mood: 'better' }, { keyPair, cas: first.seq })
console.log(`seq ${second.seq}  stored on ${second.stored} of ${second.asked} nodes`)

// Bob needs the public key and the name, nothing else. Alice's node puts it again every hour while it runs.
const found = await bob.resolve(keyPair.publicKey, 'status')
console.log(`found  ${JSON.stringify(found?.value)} seq ${found?.seq}, ${found?.copies} copies`)

await Promise.all(nodes.map((node) => node.close()))
