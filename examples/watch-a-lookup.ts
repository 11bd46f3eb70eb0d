// Watches a lookup come closer to its target, hop by hop, on a network of forty nodes in this process.
// Run it: npx node examples/watch-a-lookup.ts
import { Mainline, toHex } from '../src/index.ts'

const first = await Mainline.open({ host: '127.0.0.1', port: 0, bootstrap: 'none' })
const bootstrap = [`127.0.0.1:${first.addresses[0]!.port}`]
const nodes = [first]
for (let i = 1; i < 40; i++) {
  const node = await Mainline.open({ host: '127.0.0.1', port: 0, bootstrap })
  await node.join()
  nodes.push(node)
}

const target = nodes[20]!.id
console.log(`from ${toHex(first.id)}\n  to ${toHex(target)}`)
const closest = await first.closest(target, {
  onHop: ({ contact, namedBy, sharedBits, rttMs, depth }) => {
    const who = namedBy === null ? 'from our table' : `named by ${toHex(namedBy.id).slice(0, 8)}`
    const rtt = rttMs === null ? 'no answer' : `${rttMs.toFixed(1)} ms`
    console.log(
      `${'  '.repeat(depth)}${toHex(contact.id).slice(0, 8)} shares ${sharedBits} bits, ${who}, ${rtt}`,
    )
  },
})
console.log(`closest: ${toHex(closest[0]!.id)}`)

await Promise.all(nodes.map((node) => node.close()))
