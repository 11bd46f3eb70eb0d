// A node that says what a test wants it to say, in datagrams written and read with the npm package bencode, on loopback.
// What it receives comes back with byte strings as bytes.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import bencode from 'bencode'
import type { Address } from '../../src/index.ts'

const TIMEOUT_MS = 10_000

/** A KRPC message as bencode reads it. */
export interface RawMessage {
  readonly t: Uint8Array
  readonly y: Uint8Array
  readonly q?: Uint8Array
  readonly a?: Readonly<Record<string, Uint8Array>>
  readonly r?: Readonly<Record<string, Uint8Array>>
  readonly e?: readonly [number, Uint8Array]
  readonly ip?: Uint8Array
  readonly v?: Uint8Array
}

/** What to send for a query that came in; null is silence. */
export type Responder = (query: RawMessage, from: RemoteInfo) => Readonly<Record<string, unknown>> | null

export class RawNode implements AsyncDisposable {
  readonly id: Uint8Array
  readonly #socket: Socket
  readonly #waiting = new Map<string, (message: RawMessage) => void>()

  private constructor(socket: Socket, id: Uint8Array, respond: Responder) {
    this.id = id
    this.#socket = socket
    socket.on('message', (bytes, from) => {
      const message = bencode.decode(bytes) as RawMessage
      if (message.q === undefined) {
        this.#waiting.get(hex(message.t))?.(message)
        return
      }
      const answer = respond(message, from)
      if (answer !== null) socket.send(bencode.encode(answer), from.port, from.address)
    })
  }

  static async open(respond: Responder = () => null): Promise<RawNode> {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    return new RawNode(socket, crypto.getRandomValues(new Uint8Array(20)), respond)
  }

  get address(): Address {
    return { host: '127.0.0.1', port: this.#socket.address().port }
  }

  /** Sends a query under a transaction id and waits for what has the same. `extra` stands at the top level. */
  async ask(
    to: Address,
    query: { readonly t: Uint8Array; readonly q: string; readonly a: Readonly<Record<string, unknown>> },
    extra: Readonly<Record<string, unknown>> = {},
  ): Promise<RawMessage> {
    const key = hex(query.t)
    const { promise, resolve, reject } = Promise.withResolvers<RawMessage>()
    const timer = setTimeout(() => reject(new Error(`no answer to ${query.q} with t=${key}`)), TIMEOUT_MS)
    this.#waiting.set(key, resolve)
    const message = { ...extra, y: 'q', t: query.t, q: query.q, a: { id: this.id, ...query.a } }
    this.#socket.send(bencode.encode(message), to.port, to.host)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(key)
    }
  }

  /** Sends a message of any kind. */
  say(to: Address, message: Readonly<Record<string, unknown>>): void {
    this.#socket.send(bencode.encode(message), to.port, to.host)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => this.#socket.close(resolve))
  }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
