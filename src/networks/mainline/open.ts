// The composition root of mainline: where a node of it gets its real sockets, files, clocks and name servers
// (networks/open.ts has what other networks need as well).
import { networkInterfaces } from 'node:os'
import { canonicalHost, familyOf } from '../../codecs/compact-address.ts'
import { openUdpTransport } from '../../transports/udp-transport.ts'
import { reachOf } from '../addresses.ts'
import { openNode, watchAddresses } from '../open.ts'
import { PUBLIC_ROUTERS } from './bootstrap-hosts.ts'
import type { MainlineParts } from './life.ts'
import { MainlineNode } from './node.ts'
import { resolveOptions, type MainlineOptions } from './options.ts'

/** A node of the BitTorrent DHT on real sockets. */
export class Mainline extends MainlineNode {
  readonly #unwatch: () => void

  private constructor(parts: MainlineParts) {
    super(parts)
    this.#unwatch = watchAddresses(() => void this.#addressesChanged())
  }

  /**
   * Opens a node: binds its sockets, opens its store and begins to join in the background (`await dht.join()` waits for
   * that). Throws XorbitError, TransportError or StoreError, each with a code, and leaves nothing open then.
   */
  static async open(options: MainlineOptions = {}): Promise<Mainline> {
    const resolved = resolveOptions(options)
    // Every IPv4 address, and the first global IPv6 one: BEP 32 wants a definite address there, and no Teredo (B32-10).
    const defaultHosts = ['0.0.0.0', ...globalIpv6Hosts().slice(0, 1)]
    return openNode({ options: resolved, defaultHosts, builtIn: PUBLIC_ROUTERS }, (parts) => {
      const node = new Mainline({ ...parts, options: resolved })
      return { node, warn: (warning) => node.warn(warning) }
    })
  }

  override close(): Promise<void> {
    this.#unwatch()
    return super.close()
  }

  async #addressesChanged(): Promise<void> {
    this.networkChanged()
    // An IPv6 socket is bound to one address (BEP 32), which may be gone; where we chose it, we choose again.
    const [host] = globalIpv6Hosts()
    const bound = this.addresses.find((address) => familyOf(address.host) === 6)
    if (this.parts.options.hosts !== null || bound === undefined || host === undefined) return
    if (globalIpv6Hosts().includes(bound.host)) return
    try {
      await this.rebind(await openUdpTransport({ host, port: bound.port, family: 6 }))
    } catch (error) {
      this.warn(error)
    }
  }
}

function globalIpv6Hosts(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => canonicalHost(address) ?? '')
    .filter((host) => familyOf(host) === 6 && reachOf(host) === 'global')
}
