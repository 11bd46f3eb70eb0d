// Many write under one key, and one reads them all: who has a file, on a private khashmir network (the DHT under apt-p2p) of
// eight nodes in this process. Run it: npx node examples/values.ts
// In your program import from 'xorbit', and name a node of your network as `bootstrap`: none is built in.
import { Khashmir, normaliseKey } from '../src/index.ts'

const nodes = [await Khashmir.open({ host: '127.0.0.1', port: 0, bootstrap: 'none' })]
const { port } = nodes[0]!.addresses[0]!
for (let i = 1; i < 8; i++) {
  const node = await Khashmir.open({ host: '127.0.0.1', port: 0, bootstrap: [`127.0.0.1:${port}`] })
  await node.join()
  nodes.push(node)
}
const [alice, bob, carol] = [nodes[2]!, nodes[4]!, nodes[6]!]

// A key has 20 bytes; this one is a text that is filled up with zeros. The hash of something does as well.
const key = normaliseKey('hello_2.10-2_amd64')

// Each adds a value, and none replaces another. The nodes store them again before they expire, while they run.
const first = await alice.store(key, 'http://192.0.2.1:9977/')
console.log(`stored on ${first.stored} of ${first.asked} nodes`)
await bob.store(key, 'http://192.0.2.2:9977/')

// Anybody may write here: what Carol reads she has to judge herself.
const found: string[] = []
for await (const batch of carol.values(key))
  found.push(...batch.map((value) => new TextDecoder().decode(value)))
for (const value of found.toSorted()) console.log(`found ${value}`)

const holders = await carol.holders(key)
console.log(`${holders.filter(({ count }) => count === 2).length} nodes hold both`)

await Promise.all(nodes.map((node) => node.close()))
