// The recorded bytes of drogulus, as far as the codecs alone can judge them: every message is a netstring of msgpack that
// comes out as the original read it, and goes back as it was (drogulus B1, B2, B3).
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { MsgPackError, packMsgPack, unpackMsgPack } from '../../src/codecs/msgpack.ts'
import { frameNetstring, NetstringError, NetstringReader } from '../../src/codecs/netstring.ts'
import { DROGULUS_COMMITS, drogulusVectors, recordedMsgPack } from '../drogulus-vectors.ts'
import type { DrogulusVector, RecordedFields, RecordedValue } from '../drogulus-vectors.ts'
import { hex, hexOf } from './msgpack-samples.ts'

/** Requests that are no msgpack, and how they are refused. */
const NO_MSGPACK: Readonly<Record<string, string>> = {
  'not-msgpack': 'unknown-type',
  'empty-payload': 'truncated',
  'trailing-bytes': 'trailing-bytes',
  str8: 'unknown-type',
}

/** Sent in a longer form than needed, which is read, and packed in the shortest. */
const LONGER = ['float32-timestamp', 'store-noncanonical-int']

const messages = drogulusVectors().filter(
  ({ direction }) => direction !== 'function' && direction !== 'result',
)

const title = ({ name, commit, direction, pair }: DrogulusVector): string =>
  `${name} of ${commit}, ${direction} ${pair}`

const isNetstring = ({ name }: DrogulusVector): boolean => !name.startsWith('netstring-')

const payloadsOf = ({ hex: bytes }: DrogulusVector): readonly Uint8Array[] =>
  new NetstringReader().take(bytes)

const sha512 = (bytes: Uint8Array): string => createHash('sha512').update(bytes).digest('hex')

function fieldsOf(value: RecordedValue): RecordedFields {
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value))
  return value as RecordedFields
}

describe('A recorded message', () => {
  test('is a netstring, and framed anew it is the same bytes (drogulus B1)', () => {
    const whole = messages.filter((vector) => isNetstring(vector) && vector.name !== 'split-netstring')
    for (const vector of whole) {
      const frames = payloadsOf(vector).map(frameNetstring)
      assert.equal(hexOf(Buffer.concat(frames)), hexOf(vector.hex), title(vector))
    }
    assert.ok(whole.length > 400)
  })

  test('is read as the original read it (drogulus B2)', () => {
    let read = 0
    for (const vector of messages.filter((each) => isNetstring(each) && each.decoded !== null)) {
      for (const [i, payload] of payloadsOf(vector).entries()) {
        const decoded = (vector.decoded as readonly RecordedValue[])[i]!
        if (NO_MSGPACK[vector.name] !== undefined) continue
        assert.deepEqual(unpackMsgPack(payload), recordedMsgPack(decoded), title(vector))
        read++
      }
    }
    assert.ok(read > 350, String(read))
  })

  test('is packed as it was, but for what was longer than needed (drogulus B2)', () => {
    for (const vector of messages.filter(isNetstring)) {
      if (NO_MSGPACK[vector.name] !== undefined) continue
      const isLonger = LONGER.includes(vector.name) && vector.direction === 'request'
      for (const payload of payloadsOf(vector)) {
        const again = packMsgPack(unpackMsgPack(payload))
        assert.equal(hexOf(again) === hexOf(payload), !isLonger, title(vector))
      }
    }
  })

  for (const [name, code] of Object.entries(NO_MSGPACK)) {
    test(`that is ${name} is refused as ${code} (drogulus B4)`, () => {
      for (const commit of DROGULUS_COMMITS) {
        for (const vector of drogulusVectors({ name, commit, direction: 'request' })) {
          const of = (error: unknown): boolean => error instanceof MsgPackError && error.code === code
          for (const payload of payloadsOf(vector)) assert.throws(() => unpackMsgPack(payload), of)
          assert.equal(payloadsOf(vector).length, 1)
        }
      }
    })
  }
})

describe('A stream that was recorded', () => {
  test('is refused where the original closed the connection without an answer, and nowhere else (drogulus B1)', () => {
    const names = new Set(messages.filter(({ name }) => /netstring/.test(name)).map(({ name }) => name))
    assert.equal(names.size, 7)
    for (const commit of DROGULUS_COMMITS) {
      for (const name of names) {
        const [request] = drogulusVectors({ name, commit, direction: 'request' })
        const [response] = drogulusVectors({ name, commit, direction: 'response' })
        assert.equal(response!.hex.length, 0)
        const isClosed = response!.closed ?? /close/.test(response!.note)
        const reader = new NetstringReader()
        const take = (): unknown => reader.take(request!.hex)
        if (isClosed) assert.throws(take, NetstringError, title(request!))
        else assert.deepEqual(take(), [], title(request!))
        assert.equal(reader.isWithin, true)
      }
    }
  })
})

describe('What was recorded of signatures', () => {
  test('are fields that are packed as the originals packed them (drogulus B3)', () => {
    for (const { decoded } of drogulusVectors({ name: 'signature' })) {
      const recorded = fieldsOf(decoded)
      const packed = recorded['packed_hex'] as readonly string[]
      const hashes = recorded['field_sha512'] as readonly string[]
      const value = packMsgPack(recordedMsgPack((recorded['values'] as readonly RecordedValue[])[0]!))
      assert.equal(sha512(value), hashes[0])
      for (const [i, digits] of packed.entries()) {
        // Of long values not all digits were recorded.
        if (/^[0-9a-f]*$/.test(digits)) {
          assert.equal(sha512(packMsgPack(unpackMsgPack(hex(digits)))), hashes[i])
        } else assert.equal(i, 0)
      }
    }
  })

  test('are maps that keep the order in which they came, whatever the originals make of it (drogulus B3)', () => {
    for (const { decoded, hex: reordered } of drogulusVectors({ name: 'py2-dict-order' })) {
      const digits = fieldsOf(decoded)['wire_hex'] as string
      assert.equal(hexOf(packMsgPack(unpackMsgPack(hex(digits)))), digits)
      assert.equal(hexOf(packMsgPack(unpackMsgPack(reordered))), hexOf(reordered))
    }
  })
})
