// Somebody who asks a node in bytes that no code of ours has made or read as messages: what is in them and what comes
// back is bencode and nothing more. What it is asked meanwhile it answers as an honest node.
import assert from 'node:assert/strict'
import {
  BencodeDictionary,
  decodeBencode,
  encodeBencode,
  type BencodeInput,
} from '../../src/codecs/bencode.ts'
import type { Address } from '../../src/kademlia/contact.ts'
import type { MainlineNetwork } from '../../src/simulator/mainline-network.ts'
import { Puppet, type PuppetSetup } from './puppet.ts'

/** Bytes that stand in a packet as they are, well-formed or not. */
export class Encoded {
  readonly bytes: Uint8Array
  constructor(bytes: Uint8Array | string) {
    this.bytes = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
  }
}

export type RawArguments = Readonly<Record<string, BencodeInput | Encoded>>

/** What came back for a query: the error code, or what stands in `r`. */
export interface RawAnswer {
  readonly code: number | null
  readonly results: BencodeDictionary | null
  readonly bytes: Uint8Array
}

const PATIENCE_MS = 1_000

export class RawClient {
  readonly puppet: Puppet
  readonly #network: MainlineNetwork

  constructor(network: MainlineNetwork, setup: PuppetSetup = {}) {
    this.#network = network
    this.puppet = new Puppet(network, setup)
  }

  get address(): Address {
    return this.puppet.address
  }

  /** Asks; null when nothing came back within a second. `top`: what stands beside the arguments, such as `ro`. */
  async ask(
    to: Address,
    q: string,
    { top = {}, ...args }: RawArguments & { readonly top?: RawArguments } = {},
  ): Promise<RawAnswer | null> {
    const t = this.puppet.nextTransaction()
    const a = new Encoded(dictionary({ id: this.puppet.id, ...args }))
    const seen = this.puppet.datagrams.length
    this.puppet.sendRaw(dictionary({ t, y: 'q', q, a, ...top }), to)
    await this.#network.clock.runFor(PATIENCE_MS)
    for (const { bytes } of this.puppet.datagrams.slice(seen)) {
      const message = decodeBencode(bytes)
      assert.ok(message instanceof BencodeDictionary)
      if (!isBytes(message.get('t'), t) || isBytes(message.get('y'), Buffer.from('q'))) continue
      const error = message.get('e')
      const results = message.get('r')
      return {
        code: Array.isArray(error) ? Number(error[0]) : null,
        results: results instanceof BencodeDictionary ? results : null,
        bytes,
      }
    }
    return null
  }

  /** What stands in the reply; an error or silence fails the test. */
  async reply(to: Address, q: string, args: RawArguments = {}): Promise<BencodeDictionary> {
    const answer = await this.ask(to, q, args)
    assert.ok(answer !== null && answer.results !== null, `${q}: a reply, not ${answer?.code ?? 'silence'}`)
    return answer.results
  }
}

/** A dictionary with its keys in order. */
function dictionary(entries: RawArguments): Uint8Array {
  const keys = Object.keys(entries).toSorted()
  const parts = keys.flatMap((key) => {
    const value = entries[key]!
    return [encodeBencode(key), value instanceof Encoded ? value.bytes : encodeBencode(value)]
  })
  return Buffer.concat([Buffer.from('d'), ...parts, Buffer.from('e')])
}

function isBytes(value: unknown, bytes: Uint8Array): boolean {
  return value instanceof Uint8Array && Buffer.compare(value, bytes) === 0
}
