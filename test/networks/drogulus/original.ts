// An original node, as far as it was recorded, on real sockets: it asks by recorded bytes, each on a connection of its own,
// and answers by recorded bytes with nothing but the uuid of the request put in (drogulus B1, B4). It can read no more than
// an original could. Not here: what it is asked, and what is thought of our answers.
import assert from 'node:assert/strict'
import { connect as connectPlainly, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { connect, createServer as createTlsServer, type SecureVersion } from 'node:tls'
import { NetstringReader } from '../../../src/codecs/netstring.ts'
import type { Address } from '../../../src/kademlia/contact.ts'
import { createCertificate } from '../../../src/networks/drogulus/keys/certificate.ts'
import { drogulusVectors, type DrogulusCommit } from '../../drogulus-vectors.ts'
import { fieldsOf, text } from './judging.ts'
import type { Served } from './replay.ts'

/** Of all nodes here, ours among them: making one takes its time. */
export const certificate = await createCertificate(Date.now())

/** null: plain TCP. */
export type Over = SecureVersion | null

/** What comes back when these bytes are sent on a new connection, up to its end. */
export async function askAsOriginal(bytes: Uint8Array, { host, port }: Address, over: Over): Promise<Served> {
  const target = { host, port }
  const socket =
    over === null
      ? connectPlainly(target)
      : // No check of the certificate, no name (drogulus B1).
        connect({ ...target, rejectUnauthorized: false, minVersion: over, maxVersion: over })
  const received: Uint8Array[] = []
  socket.on('data', (data: Uint8Array) => void received.push(data))
  // Broken off is closed too.
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.write(bytes)
  await closed
  return { answers: new NetstringReader().take(Buffer.concat(received)), closed: true }
}

/** The lines of which it is made; the sender of all of them has the same id. */
const LINES = {
  ping: { name: 'ping', direction: 'request' },
  findnode: { name: 'findnode-miss', direction: 'request' },
  findvalue: { name: 'findvalue', direction: 'request' },
  store: { name: 'store', direction: 'request' },
  pong: { name: 'pong-unsolicited', direction: 'request' },
  nodes: { name: 'nodes-unsolicited', direction: 'request' },
  value: { name: 'value-unsolicited', direction: 'request' },
  superseded: { name: 'error-received', direction: 'request' },
} as const

type LineName = keyof typeof LINES

/** Its answers by what it is asked. */
const ANSWERS: Readonly<Record<string, LineName>> = {
  ping: 'pong',
  findnode: 'nodes',
  findvalue: 'nodes',
  store: 'pong',
}

export class OriginalNode {
  /** In hex. */
  readonly id: string
  /** Payloads that it was sent, in order. */
  readonly heard: Uint8Array[] = []
  /** Connections that it took in. */
  connections = 0
  /** What it answers other than ANSWERS. */
  answers: Readonly<Record<string, LineName>> = {}
  readonly #commit: DrogulusCommit
  readonly #over: Over
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(commit: DrogulusCommit, over: Over) {
    this.#commit = commit
    this.#over = over
    this.id = Buffer.from(fieldsOf(payloadOf(this.line('ping')))['node'] as Uint8Array).toString('hex')
    const serve = (socket: Socket): void => this.#serve(socket)
    this.#server = over === null ? createServer(serve) : createTlsServer({ ...certificate }, serve)
  }

  static async open(commit: DrogulusCommit, over: Over): Promise<OriginalNode> {
    const node = new OriginalNode(commit, over)
    await new Promise<void>((resolve) => node.#server.listen(0, '127.0.0.1', resolve))
    return node
  }

  get address(): Address {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port }
  }

  /** Recorded bytes, with their netstring. */
  line(name: LineName): Uint8Array {
    return drogulusVectors({ ...LINES[name], commit: this.#commit })[0]!.hex
  }

  /** Asks by recorded bytes; the fields of the one answer. */
  async ask(name: LineName, to: Address): Promise<ReturnType<typeof fieldsOf>> {
    const { answers } = await askAsOriginal(this.line(name), to, this.#over)
    assert.equal(answers.length, 1, name)
    return fieldsOf(answers[0]!)
  }

  /** The names of the messages that it was sent. */
  get heardNames(): string[] {
    return this.heard.map((payload) => text(fieldsOf(payload)['message']))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #serve(socket: Socket): void {
    this.connections++
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    const reader = new NetstringReader()
    socket.on('data', (bytes: Uint8Array) => {
      for (const payload of reader.take(bytes)) {
        this.heard.push(payload)
        const { uuid, message } = fieldsOf(payload)
        const name = text(message)
        const answer = this.answers[name] ?? ANSWERS[name]
        // Answers are not answered.
        if (answer !== undefined) socket.end(withUuid(this.line(answer), text(uuid)))
      }
    })
  }
}

const payloadOf = (line: Uint8Array): Uint8Array => new NetstringReader().take(line)[0]!

/** All uuids have as many characters. */
function withUuid(line: Uint8Array, uuid: string): Uint8Array {
  const recorded = text(fieldsOf(payloadOf(line))['uuid'])
  const bytes = Buffer.from(line)
  bytes.write(uuid, bytes.indexOf(recorded), 'latin1')
  return bytes
}
