// How the sockets of connections are made; here of plain TCP. Not here: TLS (tls-sockets.ts), and what is done with them.
import { connect, type Socket } from 'node:net'
import type { Address } from '../kademlia/contact.ts'
import type { NewSocket } from './stream-connection.ts'

export interface SocketMaker {
  /** Makes of an accepted socket what messages come from. */
  accept(socket: Socket): NewSocket
  /** Begins to connect. `from` is the IP address to connect from, or undefined for any. */
  connect(to: Address, from: string | undefined): NewSocket
}

export const PLAIN_SOCKETS: SocketMaker = {
  accept: (socket) => ({ socket, opens: null }),
  connect: (to, from) => ({ socket: connect(target(to, from)), opens: 'connect' }),
}

/** What both kinds of socket connect to. */
export function target({ host, port }: Address, from: string | undefined): ConnectTarget {
  return { host, port, noDelay: true, ...(from === undefined ? {} : { localAddress: from }) }
}

export interface ConnectTarget {
  readonly host: string
  readonly port: number
  readonly noDelay: boolean
  readonly localAddress?: string
}
