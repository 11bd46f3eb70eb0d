// The networks that the command knows, one entry each: what differs between them for a user, and nothing else of them.
// Not here: the verbs that only one network has (a file for each command).
import { hostPort } from '../codecs/compact-address.ts'
import { toHex } from '../kademlia/id.ts'
import type { Drogulus } from '../networks/drogulus/open.ts'
import {
  DEFAULT_PORT as DROGULUS_PORT,
  filesBeside,
  resolveOptions as resolveDrogulus,
} from '../networks/drogulus/options.ts'
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
import { misuse, oneOf } from './failure.ts'
import type { Network, NetworkName, OpenOptions } from './network.ts'
import { inNetwork } from './suggestions.ts'

/** An infohash or key, and a value with its hash, to try things with. */
export const SAMPLE = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a'
const VALUE = 'Hello World!'
const VALUE_HASH = 'e5f96f6f38320f0f33959cb4d3d656452117aadb'

export const MAINLINE: Network<Mainline> = {
  name: 'mainline',
  title: { public: 'the mainline network (the BitTorrent DHT)', private: 'a private mainline network' },
  defaultPort: MAINLINE_PORT,
  carrier: () => 'UDP',
  doubt: () => '',
  idBytes: 20,
  families: [4, 6],
  defaultFamilies: [4, 6],
  builtIn: PUBLIC_ROUTERS,
  own: { name: null, torrent: null, cas: null, seq: null },
  resolve: resolveMainline,
  open: async (options) => (await import('../networks/mainline/open.ts')).Mainline.open(options),
  toTry: (_options, through) =>
    [
      `announce ${SAMPLE} --port 8080`,
      `peers ${SAMPLE}`,
      `put '${VALUE}'`,
      `get ${VALUE_HASH}`,
      `lookup ${SAMPLE}`,
    ].map((words) => words + through),
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
  carrier: () => 'UDP',
  doubt: () => '',
  idBytes: 20,
  families: [4],
  defaultFamilies: [4],
  builtIn: [],
  own: { role: ['nodes', 'read', 'write'], preset: ['head', 'march-2008'] },
  resolve: resolveKhashmir,
  open: async (options) => (await import('../networks/khashmir/open.ts')).Khashmir.open(options),
  // Other roles take no values, or serve none.
  toTry: ({ role = 'write' }, through) =>
    [
      ...(role === 'write' ? [`store ${SAMPLE} '${VALUE}'`, `values ${SAMPLE}`] : []),
      `lookup ${SAMPLE} --network khashmir`,
    ].map((words) => words + through),
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

export const DROGULUS: Network<Drogulus> = {
  name: 'drogulus',
  title: {
    public: 'a drogulus network (the DHT of signed values)',
    private: 'a private drogulus network (the DHT of signed values)',
  },
  defaultPort: DROGULUS_PORT,
  carrier: ({ tls = true }) => (tls ? 'TCP, with TLS' : 'TCP, without TLS'),
  doubt: ({ tls = true }) =>
    tls ? 'A node without TLS is asked with --no-tls' : 'A node with TLS is asked without --no-tls',
  idBytes: 64,
  families: [4, 6],
  defaultFamilies: [4],
  builtIn: [],
  own: {
    revision: ['july-2013', 'october-2013'],
    tls: null,
    identity: null,
    expires: null,
    meta: null,
    duplicate: null,
  },
  resolve: ({ identityFile: _file, ...options }) => resolveDrogulus(options),
  open: async ({ identityFile, ...options }) => {
    const { Drogulus: network } = await import('../networks/drogulus/open.ts')
    if (identityFile === undefined) return network.open(options)
    const { readRsaKeyFile } = await import('./rsa-key-option.ts')
    return network.open({ ...options, identity: await readRsaKeyFile('--identity', identityFile) })
  },
  toTry: (options, through) => {
    const there = inNetwork(DROGULUS, options) + through
    return [
      'keygen --rsa me.pem',
      `publish status 'all is well' --key me.pem${there}`,
      `resolve me.pem status${there}`,
    ]
  },
  tell: (node, { store, identityFile, readOnly = false, tls = true }) => {
    const beside = filesBeside(store)
    const identity = identityFile ?? beside.identity
    const certificate = tls ? beside.tls : null
    const { revision } = node.stats()
    return {
      lines: [
        ...(revision === 'july-2013' ? [] : ([['revision', revision]] as const)),
        ['identity', identity ?? 'memory (another one at each start)'],
        ...(certificate === null ? [] : ([['TLS', certificate]] as const)),
        ...(readOnly ? ([['read-only', 'the id is a random one']] as const) : []),
      ],
      facts: { publicKey: node.publicKey, identity, certificate, tls, revision },
    }
  },
  watch: (node, say) => {
    node.on('banned', ({ contact: { id, address }, why }) => {
      const text = `${hostPort(address)} sent a forged value (${why}), and is kept out from now on`
      say('banned', text, { id: toHex(id), host: address.host, port: address.port, why })
    })
  },
}

const NETWORKS: Readonly<Record<NetworkName, Network>> = {
  mainline: MAINLINE,
  khashmir: KHASHMIR,
  drogulus: DROGULUS,
}

/** Of commands that work in every network; the first is the default. */
export const ALL_NETWORKS: readonly NetworkName[] = ['mainline', 'khashmir', 'drogulus']

export function networkOf(name: NetworkName): Network {
  return NETWORKS[name]
}

/** Reads the network of a command that works in these. Throws Failure naming them. */
export function readNetworkName(text: string, known: readonly NetworkName[]): NetworkName {
  const found = known.find((name) => name === text)
  if (found !== undefined) return found
  const only = known.length === 1 ? ', the only network that has this command' : ''
  throw misuse('--network', `${oneOf(known)}${only}`, text)
}

/** Whether a node with these options is told nobody to join through, by the user or by its network. */
export function joinsNobody(network: Network, options: OpenOptions): boolean {
  return (network.resolve(options).bootstrap ?? network.builtIn).length === 0
}
