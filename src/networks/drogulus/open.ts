// The composition root of drogulus: where a node of it gets its real socket, certificate, key pair, file and clock.
import { openTlsTransport } from '../../transports/tls-transport.ts'
import { openNode, watchAddresses } from '../open.ts'
import { createFraming } from './framing.ts'
import { loadOrCreateCertificate } from './keys/certificate-file.ts'
import { loadOrCreateIdentity } from './keys/identity-file.ts'
import type { DrogulusParts } from './life.ts'
import { DrogulusNode } from './node.ts'
import { resolveOptions, STORE_LIMITS, type DrogulusOptions } from './options.ts'

/** A node of the DHT of signed values, on a real socket. */
export class Drogulus extends DrogulusNode {
  readonly #unwatch: () => void

  private constructor(parts: DrogulusParts) {
    super(parts)
    this.#unwatch = watchAddresses(() => this.networkChanged())
  }

  /**
   * Opens a node: makes or loads its key pair and certificate, binds its socket, opens its store and begins to join in the
   * background (`await dht.join()` waits for that). Throws XorbitError, TransportError or StoreError, each with a code, and
   * leaves nothing open then.
   */
  static async open(options: DrogulusOptions = {}): Promise<Drogulus> {
    const resolved = resolveOptions(options)
    const { store } = resolved
    // Beside the store: what is lost with it would be of no use alone.
    const beside = (what: string): string | null =>
      typeof store === 'string' && store !== 'memory' ? `${store}.${what}.pem` : null
    const identity = resolved.identity ?? (await loadOrCreateIdentity(beside('identity')))
    const tls = resolved.tls ? await loadOrCreateCertificate(beside('tls')) : null
    const framing = createFraming()
    const unlimitedPerIp = resolved.private || !resolved.rateLimit
    return openNode(
      {
        options: resolved,
        defaultHosts: ['0.0.0.0'],
        builtIn: [],
        storeLimits: { recordLimits: STORE_LIMITS },
        bind: (host, port) => openTlsTransport({ host, port, framing, tls, unlimitedPerIp }),
      },
      (parts) => {
        const node = new Drogulus({ ...parts, options: resolved, identity })
        return { node, warn: (warning) => node.warn(warning) }
      },
    )
  }

  override close(): Promise<void> {
    this.#unwatch()
    return super.close()
  }
}
