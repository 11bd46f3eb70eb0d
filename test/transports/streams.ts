// What the tests of the transport over connections share: a framing of their own, nodes that answer, and bare sockets to
// be a stranger with.
import assert from 'node:assert/strict'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import {
  connect as connectTls,
  createServer as createTlsServer,
  type ConnectionOptions,
  type TlsOptions as TlsServerOptions,
} from 'node:tls'
import type { Address } from '../../src/kademlia/contact.ts'
import { createCertificate, type KeyAndCertificate } from '../../src/networks/drogulus/keys/certificate.ts'
import type { FrameReader, Framing } from '../../src/node/ports.ts'
import { openTlsTransport, type TlsOptions, type TlsTransport } from '../../src/transports/tls-transport.ts'
import { Inbox, utf8 } from '../contracts/transport-contract.ts'

/** The certificate of all nodes here; RSA keys take their time. */
export const certificate: KeyAndCertificate = await createCertificate(Date.now())

const MAX_TOY_BYTES = 200_000

/** Four bytes of length, then the message; one that begins with '!' is the last of its connection. */
export const toyFraming: Framing = {
  reader: () => new ToyReader(),
  frame: (message) => {
    const frame = Buffer.alloc(4 + message.length)
    frame.writeUInt32BE(message.length)
    frame.set(message, 4)
    return frame
  },
  keepsOpen: (message) => message[0] !== 33,
}

export const frame = (text: string): Uint8Array => toyFraming.frame(utf8(text))

class ToyReader implements FrameReader {
  #bytes = Buffer.alloc(0)

  take(bytes: Uint8Array): readonly Uint8Array[] {
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    const messages: Uint8Array[] = []
    while (this.#bytes.length >= 4) {
      const length = this.#bytes.readUInt32BE()
      if (length > MAX_TOY_BYTES) throw new Error('too long')
      if (this.#bytes.length < 4 + length) break
      messages.push(new Uint8Array(this.#bytes.subarray(4, 4 + length)))
      this.#bytes = this.#bytes.subarray(4 + length)
    }
    return messages
  }

  get isWithin(): boolean {
    return this.#bytes.length > 0
  }
}

export type Kind = 'TLS' | 'plain TCP'
export const KINDS: readonly Kind[] = ['TLS', 'plain TCP']

export const open = (kind: Kind, options: Partial<TlsOptions> = {}): Promise<TlsTransport> =>
  openTlsTransport({
    host: '127.0.0.1',
    port: 0,
    framing: toyFraming,
    tls: kind === 'TLS' ? certificate : null,
    ...options,
  })

export interface TestNode {
  readonly transport: TlsTransport
  readonly inbox: Inbox
  [Symbol.asyncDispose](): Promise<void>
}

/** A started transport whose inbox gives these answers to what comes in; null: none. */
export async function node(
  kind: Kind,
  options: Partial<TlsOptions> = {},
  answer: (text: string) => string | null = () => null,
): Promise<TestNode> {
  const transport = await open(kind, options)
  const inbox = new AnsweringInbox((text, replyTo) => {
    const reply = answer(text)
    if (reply !== null) transport.send(utf8(reply), replyTo)
  })
  transport.start(inbox)
  return { transport, inbox, [Symbol.asyncDispose]: () => transport.close() }
}

class AnsweringInbox extends Inbox {
  readonly #answer: (text: string, replyTo: unknown) => void

  constructor(answer: (text: string, replyTo: unknown) => void) {
    super()
    this.#answer = answer
  }

  override receive(bytes: Uint8Array, from: Address, replyTo: unknown): void {
    super.receive(bytes, from, replyTo)
    this.#answer(new TextDecoder().decode(bytes), replyTo)
  }
}

/** Answers every message with itself. */
export const echo = (text: string): string => text

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until `condition` holds; long enough for any machine. */
export async function eventually(condition: () => boolean, what = ''): Promise<void> {
  for (let round = 0; round < 4_000 && !condition(); round++) await pause(5)
  assert.ok(condition(), what)
}

/** A bare socket, with what came by it. */
export class Stranger {
  readonly socket: Socket
  readonly #reader = toyFraming.reader()
  readonly texts: string[] = []
  bytesIn = 0
  /** What came is not in our framing: TLS, say, where we speak none. */
  isForeign = false
  /** The other side sends nothing more. */
  isEnded = false
  isClosed = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (bytes: Uint8Array) => {
      this.bytesIn += bytes.length
      if (this.isForeign) return
      try {
        for (const message of this.#reader.take(bytes)) this.texts.push(new TextDecoder().decode(message))
      } catch {
        this.isForeign = true
      }
    })
    socket.on('end', () => (this.isEnded = true))
    socket.on('error', () => {})
    socket.on('close', () => (this.isClosed = true))
  }

  send(...texts: string[]): void {
    this.socket.write(Buffer.concat(texts.map(frame)))
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

/** Connects to a node as somebody unknown would. */
export async function stranger(
  kind: Kind,
  { host, port }: Address,
  { allowHalfOpen = false, ...options }: ConnectionOptions & { allowHalfOpen?: boolean } = {},
): Promise<Stranger> {
  const target = { host, port, allowHalfOpen, noDelay: true }
  const socket =
    kind === 'TLS' ? connectTls({ ...target, rejectUnauthorized: false, ...options }) : connect(target)
  const found = new Stranger(socket)
  await new Promise<void>((resolve, reject) => {
    socket.once(kind === 'TLS' ? 'secureConnect' : 'connect', resolve)
    socket.once('error', reject)
  })
  return found
}

/** A bare TCP socket, whatever the node speaks. */
export const bareStranger = (to: Address): Promise<Stranger> => stranger('plain TCP', to)

/** A server that does as it is told with each connection. */
export async function strangeServer(
  kind: Kind,
  serve: (stranger: Stranger, count: number) => void,
  options: TlsServerOptions = {},
): Promise<{ local: Address; count: () => number; [Symbol.dispose](): void }> {
  const all = new Set<Socket>()
  let count = 0
  const accept = (socket: Socket): void => {
    all.add(socket)
    serve(new Stranger(socket), ++count)
  }
  const server: Server =
    kind === 'TLS' ? createTlsServer({ ...certificate, ...options }, accept) : createServer(accept)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    local: { host: '127.0.0.1', port },
    count: () => count,
    [Symbol.dispose]: () => {
      for (const socket of all) socket.destroy()
      server.close()
    },
  }
}
