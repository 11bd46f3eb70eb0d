// Works of one name in turn: in order, over failures and aborts, and nothing remembered in the end.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { OneByOne } from '../../src/node/one-by-one.ts'
import { settled } from './virtual-time.ts'

class Works {
  readonly turns = new OneByOne()
  readonly begun: string[] = []
  readonly #ends = new Map<string, PromiseWithResolvers<void>>()

  take(name: string, work: string, signal?: AbortSignal): Promise<string> {
    return this.turns.take(
      name,
      async () => {
        this.begun.push(work)
        const end = Promise.withResolvers<void>()
        this.#ends.set(work, end)
        await end.promise
        return work
      },
      signal,
    )
  }

  async end(work: string, error?: Error): Promise<void> {
    const { resolve, reject } = this.#ends.get(work)!
    if (error === undefined) resolve()
    else reject(error)
    await settled()
  }
}

describe('Works of one name', () => {
  test('are done one after the other, also after one that has failed; others do not wait for them', async () => {
    const works = new Works()
    const first = works.take('a', 'a1')
    const second = works.take('a', 'a2')
    const other = works.take('b', 'b1')
    await settled()
    assert.deepEqual(works.begun, ['a1', 'b1'])
    const rejected = assert.rejects(first, /no/)
    await works.end('a1', new Error('no'))
    await rejected
    assert.deepEqual(works.begun, ['a1', 'b1', 'a2'])
    await works.end('a2')
    await works.end('b1')
    assert.deepEqual(await Promise.all([second, other]), ['a2', 'b1'])
    const third = works.take('a', 'a3')
    await settled()
    await works.end('a3')
    assert.equal(await third, 'a3')
  })

  test('that are aborted while they wait end at once, are never begun, and let nobody overtake', async () => {
    const works = new Works()
    const abort = new AbortController()
    const first = works.take('a', 'a1')
    const second = works.take('a', 'a2', abort.signal)
    const third = works.take('a', 'a3')
    await settled()
    const rejected = assert.rejects(second, /enough/)
    abort.abort(new Error('enough'))
    await rejected
    await settled()
    assert.deepEqual(works.begun, ['a1'])
    await works.end('a1')
    assert.deepEqual(works.begun, ['a1', 'a3'])
    await works.end('a3')
    assert.deepEqual(await Promise.all([first, third]), ['a1', 'a3'])
    await assert.rejects(works.take('a', 'a4', abort.signal), /enough/)
    assert.deepEqual(works.begun, ['a1', 'a3'])
  })

  test('that have begun are not ended by the signal: that is up to them', async () => {
    const works = new Works()
    const abort = new AbortController()
    const first = works.take('a', 'a1', abort.signal)
    await settled()
    abort.abort(new Error('enough'))
    await settled()
    await works.end('a1')
    assert.equal(await first, 'a1')
  })
})
