// Links and values of torrents that change (BEP 46).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { encodeBencode } from '../../../src/codecs/bencode.ts'
import { toHex } from '../../../src/kademlia/id.ts'
import { mutableTarget } from '../../../src/networks/mainline/items/item.ts'
import {
  decodeTorrentValue,
  encodeTorrentValue,
  formatTorrentLink,
  parseTorrentLink,
} from '../../../src/networks/mainline/updatable-torrent.ts'
import { runs } from '../../property-runs.ts'

const KEY = '8543d3e6115f0f98c944077a4493dcd543e49c739fd998550a1f614ab36ed63e'
const LINK = `magnet:?xs=urn:btpk:${KEY}`

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

/** The message of the bad-argument that reading this link ends with. */
function refusalOf(link: string): string {
  let message = ''
  assert.throws(
    () => parseTorrentLink(link),
    (error: { code: string; message: string }) => {
      message = error.message
      return error.code === 'bad-argument'
    },
  )
  assert.doesNotMatch(message, /\n/)
  return message
}

describe('The link of an updatable torrent', () => {
  test('leads to the target of the first vector, without a salt (B46-02, B46-03)', () => {
    const { publicKey, salt } = parseTorrentLink(LINK)
    assert.equal(toHex(publicKey), KEY)
    assert.equal(salt.length, 0)
    assert.equal(toHex(mutableTarget(publicKey, salt)), 'cc3f9d90b572172053626f9980ce261a850d050b')
  })

  test('leads to the target of the second vector, with a salt (B46-02, B46-03)', () => {
    const { publicKey, salt } = parseTorrentLink(`${LINK}&s=6e`)
    assert.equal(toHex(salt), '6e')
    assert.equal(toHex(mutableTarget(publicKey, salt)), '59ee7c2cb9b4f7eb1986ee2d18fd2fdb8a56554f')
  })

  test('is written as the vectors are, without an empty salt (B46-02)', () => {
    const publicKey = Buffer.from(KEY, 'hex')
    assert.equal(formatTorrentLink({ publicKey }), LINK)
    assert.equal(formatTorrentLink({ publicKey, salt: new Uint8Array() }), LINK)
    assert.equal(formatTorrentLink({ publicKey, salt: Uint8Array.of(0x6e) }), `${LINK}&s=6e`)
  })

  test('is read in every form that people write (B46-02)', () => {
    const forms = [
      `magnet:?s=6e&xs=urn:btpk:${KEY}`,
      `MAGNET:?XS=URN:BTPK:${KEY.toUpperCase()}&S=6E`,
      `magnet:?dn=a%20name&xs=urn:btpk:${KEY}&tr=udp%3A%2F%2Fhost%3A1&s=6e`,
      `magnet:?xs=urn%3Abtpk%3A${KEY}&s=%36%65`,
      `magnet:?xs=http%3A%2F%2Fhost%2Fa.torrent&xs=urn:btpk:${KEY}&s=6e`,
      `magnet:?xt=urn:btih:${KEY.slice(0, 40)}&&x.pe&dn=100%&xs=urn:btpk:${KEY}&s=6e&`,
    ]
    for (const form of forms) {
      const { publicKey, salt } = parseTorrentLink(form)
      assert.deepEqual([toHex(publicKey), toHex(salt)], [KEY, '6e'], form)
    }
    assert.equal(parseTorrentLink(`${LINK}&s=`).salt.length, 0)
  })

  test('comes back as it was written, whatever key and salt', () => {
    fc.assert(
      fc.property(bytes(32), fc.uint8Array({ maxLength: 64 }), (publicKey, salt) => {
        assert.deepEqual(parseTorrentLink(formatTorrentLink({ publicKey, salt })), { publicKey, salt })
      }),
      runs(200),
    )
  })

  test('is refused in one clear line when something is missing, odd or too long (B46-02)', () => {
    for (const link of [
      '',
      'http://host/',
      'magnet:',
      'magnet:?',
      `magnet:?xs=${KEY}`,
      `magnet:?xt=urn:btpk:${KEY}`,
    ]) {
      assert.match(refusalOf(link), /expected magnet:\?xs=urn:btpk:PUBLIC-KEY/, link)
    }
    assert.match(
      refusalOf(LINK.slice(0, -1)),
      /public key of the link: expected 64 hex digits, got "63 digits"/,
    )
    assert.match(refusalOf(`${LINK}00`), /got "66 digits"/)
    assert.match(refusalOf(`${LINK.slice(0, -1)}g`), /expected 64 hex digits/)
    assert.match(refusalOf(`${LINK}&s=6`), /salt of the link: .*got "1 digits"/)
    assert.match(refusalOf(`${LINK}&s=6z`), /salt of the link/)
    assert.match(refusalOf(`${LINK}&s=${'ab'.repeat(65)}`), /at most 128, got "130 digits"/)
    assert.match(refusalOf(`${LINK}&s=6e&s=6f`), /one salt/)
    assert.match(refusalOf(`${LINK}&xs=urn:btpk:${KEY}`), /one public key/)
    assert.throws(() => parseTorrentLink(undefined as unknown as string), { code: 'bad-argument' })
  })

  test('is not written for a key or a salt that cannot be', () => {
    assert.throws(() => formatTorrentLink({ publicKey: new Uint8Array(31) }), { code: 'bad-argument' })
    const publicKey = new Uint8Array(32)
    assert.throws(() => formatTorrentLink({ publicKey, salt: new Uint8Array(65) }), { code: 'bad-argument' })
  })
})

describe('The value of an updatable torrent', () => {
  const infoHash = Uint8Array.from({ length: 20 }, (_, i) => i)

  test('is a dictionary with the 20 bytes of the infohash as ih (B46-01)', () => {
    const expected = Buffer.concat([Buffer.from('d2:ih20:'), infoHash, Buffer.from('e')])
    assert.deepEqual(Buffer.from(encodeTorrentValue(infoHash)), expected)
    assert.deepEqual(Buffer.from(encodeTorrentValue(toHex(infoHash))), expected)
    assert.throws(() => encodeTorrentValue(new Uint8Array(32)), { code: 'bad-argument' })
  })

  test('is read whatever stands beside ih (B46-01)', () => {
    for (const value of [{ ih: infoHash }, { a: 1, ih: infoHash, zz: ['more'] }]) {
      const encoded = encodeBencode(value)
      const read = decodeTorrentValue(encoded)
      assert.deepEqual(read && Uint8Array.from(read), infoHash)
      encoded.fill(0)
      assert.deepEqual(read && Uint8Array.from(read), infoHash, 'a copy')
    }
  })

  test('points to nothing when it is something else (B46-01)', () => {
    const others = [
      { ih: infoHash.subarray(1) },
      { ih: 20 },
      { ih: [infoHash] },
      { IH: infoHash },
      {},
      [],
      7,
      'ih',
    ]
    for (const other of others) assert.equal(decodeTorrentValue(encodeBencode(other)), null)
    for (const broken of ['', 'd', 'd2:ih20:', 'x'])
      assert.equal(decodeTorrentValue(Buffer.from(broken)), null)
  })

  test('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (encoded) => {
        decodeTorrentValue(encoded)
      }),
      runs(500),
    )
  })
})
