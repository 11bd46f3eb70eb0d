// Announces a peer and finds it again, on a network of eight nodes in this process.
// Run it: npx node examples/announce-and-find.ts
// In your program import from 'xorbit', and leave out `host`, `port` and `bootstrap` to join the public BitTorrent DHT.
import { Mainline } from '../src/index.ts'

const nodes = [await Mainline.open({ host: '127.0.0.1', port: 0, bootstrap: 'none' })]
const { port } = nodes[0]!.addresses[0]!
for (let i = 1; i < 8; i++) {
  const node = await Mainline.open({ host: '127.0.0.1', port: 0, bootstrap: [`127.0.0.1:${port}`] })
  await node.join()
  nodes.push(node)
}

const infoHash = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a'
const [alice, bob] = [nodes[3]!, nodes[6]!]

const report = await alice.announce(infoHash, { port: 8080 })
console.log(`stored on ${report.stored} of ${report.asked} nodes`)

for await (const peer of bob.peers(infoHash)) console.log(`found ${peer.host}:${peer.port}`)

await Promise.all(nodes.map((node) => node.close()))
