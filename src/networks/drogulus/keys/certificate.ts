// The certificate that a node shows: self-signed, for nobody checks it (drogulus B1). Written by hand, for it has one fixed
// form (docs/decisions/0011); the key and the signature are node:crypto's.
// Not here: keeping it (certificate-file.ts), and certificates of others, which are not looked at.
import { createPrivateKey, generateKeyPair, randomBytes, sign, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { bits, integer, nothing, oid, sequence, set, tagged, time, utf8 } from '../../../codecs/der.ts'

/** Each as PEM. */
export interface KeyAndCertificate {
  readonly key: string
  /** May be followed by those of who signed it. */
  readonly cert: string
}

/** OpenSSL of 2013 had no elliptic curves everywhere. A handshake takes as long with both: the rest of it is dearer. */
const RSA_BITS = 2_048
const VALID_YEARS = 25
const DAY_MS = 24 * 60 * 60 * 1000
const SERIAL_BYTES = 16

/** RFC 5280 and RFC 8017. */
const COMMON_NAME = '2.5.4.3'
const SHA256_WITH_RSA = '1.2.840.113549.1.1.11'

/** A new key and a certificate of it, self-signed, valid from the day before `now` (ms since 1970) for 25 years. */
export async function createCertificate(now: number): Promise<KeyAndCertificate> {
  // On another thread: it takes 50 to 500 ms.
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS })
  const algorithm = sequence(oid(SHA256_WITH_RSA), nothing())
  const name = sequence(set(sequence(oid(COMMON_NAME), utf8('xorbit'))))
  const end = new Date(now)
  end.setUTCFullYear(end.getUTCFullYear() + VALID_YEARS)
  // RFC 5280, 4.1: version 3, serial number, algorithm, issuer, validity, subject, key; no extensions.
  const content = sequence(
    tagged(0, integer(Uint8Array.of(2))),
    integer(randomBytes(SERIAL_BYTES)),
    algorithm,
    name,
    sequence(time(new Date(now - DAY_MS)), time(end)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  const certificate = sequence(content, algorithm, bits(sign('sha256', content, privateKey)))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: new X509Certificate(certificate).toString(),
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----.*/s

/** A private key and its certificate, in one PEM text and in any order. null: they are not in it, or do not match. */
export function readCertificate(text: string): KeyAndCertificate | null {
  try {
    const key = createPrivateKey(text)
    const [cert = ''] = CERTIFICATE.exec(text) ?? []
    if (!new X509Certificate(cert).checkPrivateKey(key)) return null
    return { key: key.export({ type: 'pkcs8', format: 'pem' }).toString(), cert }
  } catch {
    return null
  }
}
