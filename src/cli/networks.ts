// The networks that the command knows, one entry each: what differs between them for a user, and nothing else of them.
// Not here: the verbs that only one network has (a file for each command).
import { hostPort } from '../codecs/compact-address.ts'
import { toHex } from '../kademlia/id.ts'
import type { Khashmir } from '../networks/khashmir/open.ts'
import {
  DEFAULT_PORT as KHASHMIR_PORT,
  resolveOptions as resolveKhashmir,
} from '../networks/khashmir/options.ts'
import { PUBLIC_ROUTERS } from '../networks/mainline/bootstrap-hosts.ts'
import type { Mainline } from '../networks/mainline/open.ts'
import {
  DEFAULT_PORT as MAINLINE_PORT,
  resolveOptions as resolveMainline,
} from '../networks/mainline/options.ts'
import { misuse } from './failure.ts'
import type { Network, NetworkName, OpenOptions } from './network.ts'

/** An infohash or key, and a value with its hash, to try things with. */
export const SAMPLE = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a'
const VALUE = 'Hello World!'
const VALUE_HASH = 'e5f96f6f38320f0f33959cb4d3d656452117aadb'

export const MAINLINE: Network<Mainline> = {
  name: 'mainline',
  title: { public: 'the mainline network (the BitTorrent DHT)', private: 'a private mainline network' },
  defaultPort: MAINLINE_PORT,
  families: [4, 6],
  builtIn: PUBLIC_ROUTERS,
  own: {},
  resolve: resolveMainline,
  open: async (options) => (await import('../networks/mainline/open.ts')).Mainline.open(options),
  toTry: () => [
    `announce ${SAMPLE} --port 8080`,
    `peers ${SAMPLE}`,
    `put '${VALUE}'`,
    `get ${VALUE_HASH}`,
    `lookup ${SAMPLE}`,
  ],
  tell: ({ id6, addresses }) => {
    const hex = id6 === null ? null : toHex(id6)
    return {
      lines: hex === null || addresses.length < 2 ? [] : [['id in IPv6', hex]],
      facts: { id6: hex },
    }
  },
  watch: (node, say) => {
    node.on('idChanged', ({ family, id, oldId }) => {
      const facts = { family, id: toHex(id), oldId: toHex(oldId) }
      say('id-changed', `our address was seen to be another one, so our id is now ${facts.id}`, facts)
    })
  },
}

export const KHASHMIR: Network<Khashmir> = {
  name: 'khashmir',
  title: {
    public: 'a khashmir network (the DHT under apt-p2p)',
    private: 'a private khashmir network (the DHT under apt-p2p)',
  },
  defaultPort: KHASHMIR_PORT,
  families: [4],
  builtIn: [],
  own: { role: ['nodes', 'read', 'write'], preset: ['head', 'march-2008'] },
  resolve: resolveKhashmir,
  open: async (options) => (await import('../networks/khashmir/open.ts')).Khashmir.open(options),
  // Other roles take no values, or serve none.
  toTry: ({ role = 'write' }) => [
    ...(role === 'write' ? [`store ${SAMPLE} '${VALUE}'`, `values ${SAMPLE}`] : []),
    `lookup ${SAMPLE} --network khashmir`,
  ],
  tell: (node) => {
    const { role, families } = node.stats()
    const { seenAs } = families[0]!
    return {
      lines: [
        ...(role === 'write' ? [] : ([['role', role]] as const)),
        ...(seenAs === null ? [] : ([['seen at', hostPort(seenAs)]] as const)),
      ],
      facts: { role, seenAs },
    }
  },
  watch: () => {},
}

const NETWORKS: Readonly<Record<NetworkName, Network>> = { mainline: MAINLINE, khashmir: KHASHMIR }

/** Of commands that work in every network; the first is the default. */
export const ALL_NETWORKS: readonly NetworkName[] = ['mainline', 'khashmir']

export function networkOf(name: NetworkName): Network {
  return NETWORKS[name]
}

/** Reads the network of a command that works in these. Throws Failure naming them. */
export function readNetworkName(text: string, known: readonly NetworkName[]): NetworkName {
  const found = known.find((name) => name === text)
  if (found !== undefined) return found
  const only = known.length === 1 ? ', the only network that has this command' : ''
  const toCome = text === 'drogulus' ? ' (drogulus is to come)' : ''
  throw misuse('--network', `${known.join(' or ')}${only}${toCome}`, text)
}

/** Whether a node with these options is told nobody to join through, by the user or by its network. */
export function joinsNobody(network: Network, options: OpenOptions): boolean {
  return (network.resolve(options).bootstrap ?? network.builtIn).length === 0
}
