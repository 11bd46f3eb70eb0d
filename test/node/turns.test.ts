// So many works at once and no more: the others wait, in order, and may give up waiting.
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, test } from 'node:test'
import { Turns } from '../../src/node/turns.ts'

/** Works that end when they are told to. */
function works(turns: Turns) {
  const begun: string[] = []
  const ends = new Map<string, PromiseWithResolvers<string>>()
  const take = (name: string, signal?: AbortSignal): Promise<string> => {
    return turns.take(() => {
      begun.push(name)
      const end = Promise.withResolvers<string>()
      ends.set(name, end)
      return end.promise
    }, signal)
  }
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  return {
    begun,
    take,
    end: (name: string): Promise<void> => (ends.get(name)!.resolve(name), settled()),
    fail: (name: string): Promise<void> => (ends.get(name)!.reject(new Error(name)), settled()),
    settled,
  }
}

describe('Turns', () => {
  test('let so many works begin at once, and the others in order as these end, well or not', async () => {
    const { begun, take, end, fail, settled } = works(new Turns({ what: 'works', atOnce: 2, waiting: 10 }))
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) =>
      take(name).catch((error: Error) => `failed ${error.message}`),
    )
    await settled()
    assert.deepEqual(begun, ['a', 'b'])
    await end('b')
    assert.deepEqual(begun, ['a', 'b', 'c'])
    await fail('a')
    assert.deepEqual(begun, ['a', 'b', 'c', 'd'])
    await end('c')
    await end('d')
    await end('e')
    assert.deepEqual(await Promise.all(all), ['failed a', 'b', 'c', 'd', 'e'])
    void take('f')
    void take('g')
    await settled()
    assert.deepEqual(begun.slice(5), ['f', 'g'])
  })

  test('refuse whoever comes when too many wait, and in words that help', async () => {
    const { take, end, settled } = works(new Turns({ what: 'works', atOnce: 1, waiting: 1 }))
    const first = take('a')
    const second = take('b')
    await assert.rejects(take('c'), {
      code: 'overload',
      message: '1 works are under way and 1 wait; wait for some to end',
    })
    await settled()
    await end('a')
    await end('b')
    assert.deepEqual(await Promise.all([first, second]), ['a', 'b'])
  })

  test('never come for who has given up, and leave no listener behind', async () => {
    const { begun, take, end, settled } = works(new Turns({ what: 'works', atOnce: 1, waiting: 2 }))
    const controller = new AbortController()
    const first = take('a', controller.signal)
    const second = take('b', controller.signal)
    const third = take('c')
    await settled()
    controller.abort(new Error('enough'))
    await assert.rejects(second, { message: 'enough' })
    await end('a')
    assert.deepEqual(begun, ['a', 'c'])
    await end('c')
    await Promise.all([first, third])
    await assert.rejects(take('d', controller.signal), { message: 'enough' })
    assert.deepEqual(begun, ['a', 'c'])

    const other = new AbortController()
    const last = [take('e'), take('f', other.signal)]
    await settled()
    await end('e')
    assert.equal(getEventListeners(other.signal, 'abort').length, 0)
    await end('f')
    await Promise.all(last)
  })
})
