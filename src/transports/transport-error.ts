// Why a transport could not be opened, and what to do about it. Errors after that are counted, not thrown.
export type TransportErrorCode =
  | 'address-in-use'
  | 'address-not-available'
  | 'permission'
  | 'bad-address'
  /** The key or the certificate of TLS is none. */
  | 'bad-certificate'
  | 'failed'

/** A transport could not be opened. `message` is one line that says what to do. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly code: TransportErrorCode

  constructor(code: TransportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** What was to be bound. */
export interface Binding {
  readonly protocol: 'UDP' | 'TCP'
  readonly host: string
  readonly port: number
}

/** The system's error at binding a socket, in our words. */
export function openingError(cause: unknown, { protocol, host, port }: Binding): TransportError {
  const { code = 'unknown error' } = cause as NodeJS.ErrnoException
  const make = (kind: TransportErrorCode, message: string): TransportError =>
    new TransportError(kind, message, { cause })
  switch (code) {
    case 'EADDRINUSE':
      return make(
        'address-in-use',
        `another process uses ${protocol} port ${port} on ${host}: stop it, or choose another port`,
      )
    case 'EADDRNOTAVAIL':
      return make(
        'address-not-available',
        `${host} is no address of this machine: choose a host of its own, or 0.0.0.0 or :: for all`,
      )
    case 'EAFNOSUPPORT':
      return make(
        'address-not-available',
        `this machine has no ${host.includes(':') ? 'IPv6' : 'IPv4'}: choose a host of the other family`,
      )
    case 'EACCES':
    case 'EPERM':
      return make(
        'permission',
        `the system does not allow ${protocol} port ${port} on ${host}: choose a port above 1023`,
      )
    case 'EINVAL':
      return make(
        'bad-address',
        `${host} cannot be bound: a link-local address needs its interface, as in fe80::1%eth0`,
      )
    default:
      return make('failed', `no ${protocol} socket on ${host} port ${port}: ${code}`)
  }
}
