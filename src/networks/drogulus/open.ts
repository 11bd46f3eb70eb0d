// The composition root of drogulus: where a node of it gets its real socket, certificate, key pair, file and clock.
import { familyOf } from '../../codecs/compact-address.ts'
import { openTlsTransport } from '../../transports/tls-transport.ts'
import { ownerGroup } from '../addresses.ts'
import { openNode, watchAddresses } from '../open.ts'
import { createFraming } from './framing.ts'
import { loadOrCreateCertificate } from './keys/certificate-file.ts'
import type { KeyAndCertificate } from './keys/certificate.ts'
import { loadOrCreateIdentity } from './keys/identity-file.ts'
import type { DrogulusParts } from './life.ts'
import { DrogulusNode } from './node.ts'
import {
  filesBeside,
  resolveOptions,
  STORE_LIMITS,
  type DrogulusOptions,
  type ResolvedOptions,
} from './options.ts'

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
    const beside = filesBeside(resolved.store)
    let identity = resolved.identity
    const framing = createFraming()
    const unlimitedPerIp = resolved.private || !resolved.rateLimit
    return openNode(
      {
        options: resolved,
        defaultHosts: [defaultHost(resolved)],
        builtIn: [],
        storeLimits: { recordLimits: STORE_LIMITS },
        // Once the store is ours: beside that of another process nothing is to be left. Each of the two may take a tenth
        // of a second, on a thread of its own.
        bind: async (host, port) => {
          const [made, tls] = await Promise.all([
            identity ?? loadOrCreateIdentity(beside.identity),
            resolved.tls ? certificateIn(beside.tls) : null,
          ])
          identity = made
          return openTlsTransport({ host, port, framing, tls, unlimitedPerIp, sourceOf: ownerGroup })
        },
      },
      (parts) => {
        const node = new Drogulus({ ...parts, options: resolved, identity: identity! })
        return { node, warn: (warning) => node.warn(warning) }
      },
    )
  }

  override close(): Promise<void> {
    this.#unwatch()
    return super.close()
  }
}

/** Of all nodes of this process that keep nothing: one. Nobody looks at certificates, and each takes as long as a key. */
let unkept: Promise<KeyAndCertificate> | null = null

function certificateIn(path: string | null): Promise<KeyAndCertificate> {
  if (path !== null) return loadOrCreateCertificate(path)
  unkept ??= loadOrCreateCertificate(null)
  return unkept
}

/** Where everybody to join through has IPv6, IPv4 would reach nobody. */
function defaultHost({ bootstrap }: ResolvedOptions): string {
  const isSix =
    bootstrap !== null && bootstrap.length > 0 && bootstrap.every(({ host }) => familyOf(host) === 6)
  return isSix ? '::' : '0.0.0.0'
}
