// A small network of xorbit nodes on loopback, and what tests ask of it. Everything is closed with the scope.
import { randomBytes } from 'node:crypto'
import { Mainline, type Address, type MainlineOptions, type Peer } from '../../src/index.ts'

export class XorbitNetwork implements AsyncDisposable {
  readonly nodes: readonly Mainline[]

  private constructor(nodes: readonly Mainline[]) {
    this.nodes = nodes
  }

  /** So many nodes that have joined through the first of them, or through `bootstrap`. */
  static async open(
    count: number,
    options: Pick<MainlineOptions, 'host' | 'bootstrap' | 'parameters' | 'readOnly'> = {},
  ): Promise<XorbitNetwork> {
    const nodes: Mainline[] = []
    try {
      for (let i = 0; i < count; i++) {
        const bootstrap = options.bootstrap ?? (i === 0 ? 'none' : nodes[0]!.addresses.map(textOf))
        nodes.push(await Mainline.open({ host: '127.0.0.1', port: 0, ...options, bootstrap }))
      }
      // The first one hears of the others by their queries.
      await Promise.all(nodes.slice(options.bootstrap === undefined ? 1 : 0).map((node) => node.join()))
    } catch (error) {
      await Promise.all(nodes.map((node) => node.close()))
      throw error
    }
    return new XorbitNetwork(nodes)
  }

  get first(): Mainline {
    return this.nodes[0]!
  }

  /** 'HOST:PORT' of all. */
  get endpoints(): readonly string[] {
    return this.nodes.map(endpointOf)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()))
  }
}

/** 'HOST:PORT', or '[v6]:PORT'. */
export function textOf({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Where an IPv4 node listens. */
export function endpointOf(node: Mainline): string {
  return textOf(node.addresses[0]!)
}

/** All peers that a node finds, sorted. */
export async function peersOf(node: Mainline, infoHash: string): Promise<readonly string[]> {
  const found: Peer[] = []
  for await (const peer of node.peers(infoHash)) found.push(peer)
  return found.map(textOf).toSorted()
}

/** 40 hex digits. */
export function randomInfoHash(): string {
  return randomBytes(20).toString('hex')
}

/** Waits until the condition holds; a failure says what did not come about, and what was seen last. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  holds: (seen: T) => boolean,
  seconds = 15,
): Promise<T> {
  const ends = performance.now() + seconds * 1_000
  for (;;) {
    const seen = await look()
    if (holds(seen)) return seen
    if (performance.now() > ends) {
      throw new Error(`${what}: not within ${seconds} s; last seen: ${JSON.stringify(seen)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
