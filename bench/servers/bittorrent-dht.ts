// The npm package bittorrent-dht: as shipped, when it answers with every node that it knows, or with the word
// `limited` held to buckets of 8 and answers of 8 nodes, as BEP 5 says.
import { openBittorrentDht } from '../networks/bittorrent-dht-package.ts'
import { serve } from './serve.ts'

serve(async () => {
  const dht = await openBittorrentDht({ bootstrap: [], limited: process.argv.includes('limited') })
  return { port: dht.address().port, tableSize: () => dht.nodes.count() }
})
