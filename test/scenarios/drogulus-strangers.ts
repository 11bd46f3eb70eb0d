// Strangers to drogulus nodes on real sockets: one that asks what it likes on a connection of its own, in bytes that may be
// wrong, and one that listens and answers as the test says.
import { once } from 'node:events'
import { connect as connectPlainly, type Socket } from 'node:net'
import { connect, type ConnectionOptions } from 'node:tls'
import { after } from 'node:test'
import { MsgPackMap } from '../../src/codecs/msgpack-value.ts'
import { frameNetstring, NetstringReader } from '../../src/codecs/netstring.ts'
import type { Address } from '../../src/kademlia/contact.ts'
import { asId, type Id } from '../../src/kademlia/id.ts'
import { createFraming } from '../../src/networks/drogulus/framing.ts'
import { createCertificate, type KeyAndCertificate } from '../../src/networks/drogulus/keys/certificate.ts'
import type { DrogulusQuery, DrogulusReply } from '../../src/networks/drogulus/messages.ts'
import { createWire } from '../../src/networks/drogulus/wire.ts'
import { openTlsTransport, type TlsTransport } from '../../src/transports/tls-transport.ts'
import { fieldsOf, text } from '../networks/drogulus/judging.ts'
import { eventually } from '../transports/streams.ts'
import { honest } from './drogulus-puppet.ts'

export type Kind = 'TLS' | 'plain TCP'
export const KINDS: readonly Kind[] = ['TLS', 'plain TCP']

/** An answer, in short. */
export interface Heard {
  readonly name: string
  readonly uuid: string
  /** Of an error. */
  readonly code: unknown
  readonly details: Readonly<Record<string, string>>
}

let asked = 0

/** Who connects, and is nobody's contact: nowhere can it be dialled. Its connection is kept open as one of ours is. */
export class DrogulusStranger {
  readonly socket: Socket
  readonly heard: Heard[] = []
  isClosed = false
  readonly #reader = new NetstringReader()
  readonly #wire: ReturnType<typeof createWire>

  private constructor(socket: Socket, id: Id) {
    this.socket = socket
    this.#wire = createWire({ ownId: () => id, revision: 'july-2013', replyPort: () => null })
    socket.on('data', (bytes: Uint8Array) => {
      for (const payload of this.#reader.take(bytes)) this.heard.push(inShort(payload))
    })
    socket.on('error', () => {})
    socket.on('close', () => (this.isClosed = true))
  }

  static async connect(
    { host, port }: Address,
    { kind = 'TLS', id = randomId(), ...tls }: { kind?: Kind; id?: Id } & ConnectionOptions = {},
  ): Promise<DrogulusStranger> {
    const target = { host, port, noDelay: true }
    const socket =
      kind === 'TLS' ? connect({ ...target, rejectUnauthorized: false, ...tls }) : connectPlainly(target)
    const stranger = new DrogulusStranger(socket, id)
    await new Promise<void>((resolve, reject) => {
      socket.once(kind === 'TLS' ? 'secureConnect' : 'connect', resolve)
      socket.once('error', reject)
    })
    return stranger
  }

  /** Asks as a node of ours does; the answer. The connection stays open. */
  async ask(query: DrogulusQuery): Promise<Heard> {
    const transaction = Buffer.alloc(16)
    transaction.writeUInt32BE(++asked)
    return this.exchange(
      frameNetstring(
        this.#wire.encodeQuery(query, transaction, {
          host: this.socket.remoteAddress!,
          port: this.socket.remotePort!,
        }),
      ),
    )
  }

  /** The first thing that comes back for these bytes. Rejects when the connection is closed instead. */
  async exchange(bytes: Uint8Array): Promise<Heard> {
    const before = this.heard.length
    this.socket.write(bytes)
    await eventually(() => this.heard.length > before || this.isClosed)
    const [answer] = this.heard.slice(before)
    if (answer === undefined) throw new Error('closed')
    return answer
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

function inShort(payload: Uint8Array): Heard {
  const { message, uuid, code, details = new MsgPackMap([]) } = fieldsOf(payload)
  const texts = (details as MsgPackMap).entries.map(([key, value]) => [text(key), text(value)] as const)
  return {
    name: text(message),
    uuid: text(uuid),
    code,
    details: Object.fromEntries(texts),
  }
}

/** A bare TCP connection, whatever the node speaks; errors are nobody's concern. */
export async function bareConnection({ host, port }: Address): Promise<Socket> {
  const socket = connectPlainly({ host, port, noDelay: true })
  await once(socket, 'connect')
  socket.on('error', () => {})
  return socket.resume()
}

export function randomId(): Id {
  return asId(crypto.getRandomValues(new Uint8Array(64)))
}

const listening = new Set<TlsTransport>()
after(() => Promise.all([...listening].map((transport) => transport.close())))

/** Who listens, and answers each request as it is told; null: not at all. */
export class DrogulusListener {
  readonly id: Id
  readonly address: Address
  /** What it was asked, in order. */
  readonly asked: DrogulusQuery[] = []
  /** Its answers; by default it knows nobody and holds nothing. */
  answers: (query: DrogulusQuery) => DrogulusReply | null = honest

  private constructor(id: Id, transport: TlsTransport) {
    this.id = id
    this.address = transport.local
    const wire = createWire({
      ownId: () => id,
      revision: 'july-2013',
      replyPort: () => transport.local.port,
    })
    transport.start({
      receive: (bytes, from, replyTo) => {
        const message = wire.decode(bytes, from)
        if (message.kind !== 'query') return
        this.asked.push(message.query)
        const reply = this.answers(message.query)
        if (reply !== null) transport.send(wire.encodeReply(reply, message.transaction, from), replyTo)
      },
      unreachable: () => {},
    })
  }

  static async open(id: Id = randomId(), tls?: KeyAndCertificate): Promise<DrogulusListener> {
    const transport = await openTlsTransport({
      host: '127.0.0.1',
      port: 0,
      framing: createFraming(),
      tls: tls ?? (await createCertificate(Date.now())),
      unlimitedPerIp: true,
    })
    listening.add(transport)
    return new DrogulusListener(id, transport)
  }
}
