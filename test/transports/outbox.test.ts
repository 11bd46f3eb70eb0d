// Packets on their way out: copied, in order, and not written over while somebody still reads them.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Outbox } from '../../src/transports/outbox.ts'

const to = { host: '127.0.0.1', port: 1 }

function drained(outbox: Outbox<number>): { bytes: Uint8Array; note: number }[] {
  const packets: { bytes: Uint8Array; note: number }[] = []
  outbox.drain((bytes, _to, note) => packets.push({ bytes, note }))
  return packets
}

describe('An outbox', () => {
  test('hands on copies, in order, with what belongs to each, and is empty then', () => {
    const outbox = new Outbox<number>()
    const bytes = new Uint8Array(3)
    for (let n = 0; n < 4; n++) outbox.add(bytes.fill(n), to, n)
    bytes.fill(9)
    assert.deepEqual(
      drained(outbox).map((packet) => [...packet.bytes, packet.note]),
      [0, 1, 2, 3].map((n) => [n, n, n, n]),
    )
    assert.deepEqual(drained(outbox), [])
  })

  test('writes over what it handed on only after rewind, however much comes after it', () => {
    const outbox = new Outbox<number>()
    const handed: Uint8Array[] = []
    for (let n = 0; n < 300; n++) {
      outbox.add(new Uint8Array(1_000).fill(n), to, n)
      handed.push(...drained(outbox).map(({ bytes }) => bytes))
    }
    handed.forEach((bytes, n) => assert.ok(bytes.every((byte) => byte === (n & 255))))
    outbox.rewind()
    outbox.add(new Uint8Array(1_000), to, 0)
    assert.equal(drained(outbox)[0]!.bytes.byteOffset, 0)
  })

  test('does not rewind what was not handed on yet, and takes packets of any length', () => {
    const outbox = new Outbox<number>()
    outbox.add(Uint8Array.of(1), to, 1)
    outbox.rewind()
    outbox.add(Uint8Array.of(2), to, 2)
    outbox.add(new Uint8Array(100_000).fill(3), to, 3)
    assert.deepEqual(
      drained(outbox).map(({ bytes }) => [bytes[0], bytes.length]),
      [
        [1, 1],
        [2, 1],
        [3, 100_000],
      ],
    )
  })

  test('says when it is full', () => {
    const outbox = new Outbox<number>()
    for (let n = 0; !outbox.isFull; n++) {
      assert.ok(n < 10_000)
      outbox.add(Uint8Array.of(1), to, n)
    }
    drained(outbox)
    assert.equal(outbox.isFull, false)
  })
})
