// Sockets with TLS 1.2 and 1.3. Any certificate will do on both sides and none is asked of clients, for values are signed
// here and peers are not (drogulus B1). Loaded only where TLS is wanted: node:tls takes 9 ms.
import { constants } from 'node:crypto'
import { connect, createSecureContext, DEFAULT_CIPHERS, TLSSocket } from 'node:tls'
import { target, type SocketMaker } from './stream-sockets.ts'
import { TransportError } from './transport-error.ts'

/** Private key and certificate, each as PEM. */
export interface KeyAndCertificate {
  readonly key: string
  readonly cert: string
}

/** Throws TransportError 'bad-certificate'. */
export function tlsSockets({ key, cert }: KeyAndCertificate): SocketMaker {
  // One context for all connections: making one costs more than a handshake.
  let serving
  try {
    serving = createSecureContext({
      key,
      cert,
      minVersion: 'TLSv1.2',
      // Agreeing anew within a connection costs us more than the one who asks for it.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new TransportError('bad-certificate', `tls: this key and this certificate do not work: ${why}`, {
      cause,
    })
  }
  const asking = createSecureContext({
    minVersion: 'TLSv1.2',
    // No roots: no certificate is checked, and loading them takes longer than all the rest.
    ca: [],
    // Certificates of 2013 are short and signed with SHA-1.
    ciphers: `${DEFAULT_CIPHERS}:@SECLEVEL=0`,
  })
  return {
    accept: (socket) => ({
      socket: new TLSSocket(socket, { isServer: true, secureContext: serving }),
      opens: 'secure',
    }),
    connect: (to, from) => ({
      socket: connect({ ...target(to, from), secureContext: asking, rejectUnauthorized: false }),
      opens: 'secureConnect',
    }),
  }
}
