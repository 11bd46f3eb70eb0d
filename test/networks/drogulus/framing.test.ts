import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MsgPackMap, packMsgPack } from '../../../src/codecs/msgpack.ts'
import { createFraming } from '../../../src/networks/drogulus/framing.ts'
import { mapOf, raw } from '../../codecs/msgpack-samples.ts'
import { FROM, ITEM_FIELDS, message, packed, T, textOf, wire } from './packets.ts'

const framing = createFraming()

describe('The framing of drogulus', () => {
  test('is netstrings (drogulus B1)', () => {
    const frame = framing.frame(raw('hello'))
    assert.equal(textOf(frame), '5:hello,')
    const reader = framing.reader()
    assert.deepEqual(reader.take(frame.subarray(0, 4)), [])
    assert.equal(reader.isWithin, true)
    assert.deepEqual(reader.take(frame.subarray(4)), [raw('hello')])
    assert.equal(reader.isWithin, false)
    assert.notEqual(framing.reader(), reader)
  })

  test('keeps a connection open for who sends reply_port, of any value, wherever it stands (drogulus B0)', () => {
    assert.equal(framing.keepsOpen(wire.encodeQuery({ method: 'ping' }, T, FROM)), true)
    assert.equal(framing.keepsOpen(packed({ reply_port: 0 })), true)
    assert.equal(framing.keepsOpen(message('store', { reply_port: 1, ...ITEM_FIELDS })), true)
  })

  test('closes it for originals (drogulus B1)', () => {
    assert.equal(framing.keepsOpen(message('ping')), false)
    assert.equal(framing.keepsOpen(message('store', ITEM_FIELDS)), false)
    assert.equal(framing.keepsOpen(packed({ reply_por: 1, reply_ports: 1 })), false)
  })

  test('is not taken in by a reply_port that is no key of the message', () => {
    const inside = mapOf({ reply_port: 1 })
    assert.equal(framing.keepsOpen(message('ping', { x: inside, y: 'reply_port' })), false)
    assert.equal(framing.keepsOpen(packMsgPack(new MsgPackMap([[inside, raw('reply_port')]]))), false)
    assert.equal(framing.keepsOpen(packMsgPack([raw('reply_port'), 1])), false)
  })

  test('closes it after what is no message', () => {
    for (const bytes of [
      new Uint8Array(0),
      Uint8Array.of(0xc1),
      packMsgPack(5),
      message('ping').subarray(0, 20),
    ]) {
      assert.equal(framing.keepsOpen(bytes), false)
    }
  })

  test('judges each message for itself', () => {
    assert.equal(framing.keepsOpen(packed({ reply_port: 0 })), true)
    assert.equal(framing.keepsOpen(Uint8Array.of(0xc1)), false)
    assert.equal(framing.keepsOpen(packMsgPack(5)), false)
  })
})
