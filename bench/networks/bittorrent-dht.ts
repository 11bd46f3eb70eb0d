// A hundred nodes of the npm package bittorrent-dht, as shipped or `limited`.
import { openBittorrentDht } from './bittorrent-dht-package.ts'
import { measureNetwork } from './measure.ts'

const CLOSEST = 8

measureNetwork(async (ports) => {
  const bootstrap = ports.map((port) => `127.0.0.1:${port}`)
  const dht = await openBittorrentDht({ bootstrap, limited: process.argv.includes('limited') })
  return {
    id: dht.nodeId,
    port: dht.address().port,
    lookup: async (target) => {
      await new Promise<void>((resolve) => dht.lookup(Buffer.from(target), () => resolve()))
      const hex = Buffer.from(target).toString('hex')
      return (
        dht._tables
          .get(hex)
          ?.closest(target, CLOSEST)
          .map(({ id }) => id) ?? []
      )
    },
    close: () => new Promise((resolve) => dht.destroy(resolve)),
  }
})
