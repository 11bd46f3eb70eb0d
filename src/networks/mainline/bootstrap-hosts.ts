// The public routers of the BitTorrent DHT: where a node joins that knows nobody. Names only; open.ts resolves them.
import type { HostPort } from '../../node/local-node.ts'

/**
 * Run by independent projects, so that none of them alone decides whom we meet (threat T24). They answer
 * find_node, and never enter a table nor a reply of ours (BEP 5; B5-23).
 */
export const PUBLIC_ROUTERS: readonly HostPort[] = [
  { host: 'router.bittorrent.com', port: 6881 },
  { host: 'router.utorrent.com', port: 6881 },
  { host: 'dht.transmissionbt.com', port: 6881 },
  { host: 'dht.libtorrent.org', port: 25401 },
  { host: 'dht.aelitis.com', port: 6881 },
  { host: 'router.silotis.us', port: 6881 },
]
