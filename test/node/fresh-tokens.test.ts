// Tokens of a short while ago: a second write of a key goes where the first one went, unless somebody refuses it there.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asId, type Id } from '../../src/kademlia/id.ts'
import { FreshTokens, type Tokens } from '../../src/node/fresh-tokens.ts'
import type { WriteReport } from '../../src/node/write.ts'

const MINUTE = 60_000
const START = 1_700_000_000_000

const keyOf = (n: number): Id =>
  asId(Uint8Array.from({ length: 20 }, (_, i) => (i === 0 ? n >> 8 : n & 0xff)))

function tokens(at: number, own = false): Tokens<null, number> {
  const contact = { id: keyOf(1), address: { host: '1.2.3.4', port: 1 } }
  return { holders: [{ local: null, contact, token: own ? null : Uint8Array.of(1) }], at, note: at }
}

function report(refused: number): WriteReport {
  const codes = Array.from({ length: refused }, () => ({ host: '1.2.3.4', port: 1, code: 205 }))
  return { key: '', stored: 1, asked: 1 + refused, accepted: [], refused: codes }
}

/** Writes and notes where: 'found' by a walk, or by the tokens of when. */
class Writer {
  readonly tokens = new FreshTokens<null, number>()
  readonly did: string[] = []

  async write(
    now: number,
    options: { key?: Id; refused?: readonly number[]; own?: boolean } = {},
  ): Promise<string[]> {
    const { key = keyOf(7), refused = [0], own = false } = options
    const left = [...refused]
    this.did.length = 0
    await this.tokens.write(key, now, {
      find: async () => {
        this.did.push('find')
        return tokens(now, own)
      },
      write: async ({ note }) => {
        this.did.push(`write ${(note - START) / MINUTE}`)
        return report(left.shift() ?? 0)
      },
    })
    return [...this.did]
  }
}

describe('Tokens that were given a short while ago', () => {
  test('are used for the next write of their key, without a walk, up to four minutes', async () => {
    const writer = new Writer()
    assert.deepEqual(await writer.write(START), ['find', 'write 0'])
    assert.deepEqual(await writer.write(START + 2 * MINUTE), ['write 0'])
    // The tokens do not become younger by being used.
    assert.deepEqual(await writer.write(START + 4 * MINUTE), ['write 0'])
    assert.ok(writer.tokens.take(keyOf(7), START + 4 * MINUTE) !== null)
    await writer.write(START)
    assert.equal(writer.tokens.take(keyOf(7), START + 4 * MINUTE + 1), null)
    await writer.write(START)
    assert.deepEqual(await writer.write(START + 4.5 * MINUTE), ['find', 'write 4.5'])
  })

  test('are of no use for another key', async () => {
    const writer = new Writer()
    await writer.write(START)
    assert.deepEqual(await writer.write(START, { key: keyOf(8) }), ['find', 'write 0'])
  })

  test('are given up where one of them is refused: it is written anew on whom a walk finds', async () => {
    const writer = new Writer()
    await writer.write(START)
    assert.deepEqual(await writer.write(START + MINUTE, { refused: [1, 0] }), ['write 0', 'find', 'write 1'])
    assert.deepEqual(await writer.write(START + 2 * MINUTE), ['write 1'])
  })

  test('are not kept where somebody refused them right after the walk', async () => {
    const writer = new Writer()
    assert.deepEqual(await writer.write(START, { refused: [1] }), ['find', 'write 0'])
    assert.deepEqual(await writer.write(START), ['find', 'write 0'])
  })

  test('are not kept of nobody but ourselves: others may be there the next time', async () => {
    const writer = new Writer()
    await writer.write(START, { own: true })
    assert.deepEqual(await writer.write(START), ['find', 'write 0'])
  })

  test('are handed out once, so that two writes at a time do not spoil each other', async () => {
    const writer = new Writer()
    await writer.write(START)
    assert.ok(writer.tokens.take(keyOf(7), START) !== null)
    assert.equal(writer.tokens.take(keyOf(7), START), null)
  })

  test('are remembered of 256 keys; the one written longest ago is forgotten', async () => {
    const writer = new Writer()
    for (let n = 0; n < 256; n++) await writer.write(START, { key: keyOf(n) })
    await writer.write(START, { key: keyOf(0) })
    await writer.write(START, { key: keyOf(256) })
    assert.deepEqual(await writer.write(START, { key: keyOf(0) }), ['write 0'])
    assert.deepEqual(await writer.write(START, { key: keyOf(1) }), ['find', 'write 0'])
  })
})
