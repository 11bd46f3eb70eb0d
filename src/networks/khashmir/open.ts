// The composition root of khashmir: where a node of it gets its real socket, file, clock and name server.
import { openNode, watchAddresses } from '../open.ts'
import type { KhashmirParts } from './life.ts'
import { KhashmirNode } from './node.ts'
import { resolveOptions, type KhashmirOptions } from './options.ts'

/**
 * Each node of this network stores under as many keys as it has files, and there are few nodes: one source has a larger
 * share of our store than in a network of millions.
 */
const STORE_LIMITS = {
  valueLimits: {
    maxPerIp: 2_000,
    maxPerPrefix: 8_000,
    maxBytesPerIp: 1_048_576,
    maxBytesPerPrefix: 4_194_304,
  },
} as const

/** A node of the network under apt-p2p on a real socket. */
export class Khashmir extends KhashmirNode {
  readonly #unwatch: () => void

  private constructor(parts: KhashmirParts) {
    super(parts)
    this.#unwatch = watchAddresses(() => this.networkChanged())
  }

  /**
   * Opens a node: binds its socket, opens its store and begins to join in the background (`await dht.join()` waits for
   * that). Throws XorbitError, TransportError or StoreError, each with a code, and leaves nothing open then.
   */
  static async open(options: KhashmirOptions = {}): Promise<Khashmir> {
    const resolved = resolveOptions(options)
    // No node of this network is known to the world: who names none is the first of its own.
    const opening = { options: resolved, defaultHosts: ['0.0.0.0'], builtIn: [], storeLimits: STORE_LIMITS }
    return openNode(opening, (parts) => {
      const node = new Khashmir({ ...parts, options: resolved })
      return { node, warn: (warning) => node.warn(warning) }
    })
  }

  override close(): Promise<void> {
    this.#unwatch()
    return super.close()
  }
}
