// A stream of results: each once and in order, an end or a failure once, and leaving it stops the work behind it.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { ResultStream } from '../../src/node/result-stream.ts'

interface Work {
  readonly stream: ResultStream<number, string>
  stopped: number
}

function work(): Work {
  const begun: Work = { stream: new ResultStream<number, string>(() => void begun.stopped++), stopped: 0 }
  return begun
}

async function all(stream: AsyncIterable<number>): Promise<number[]> {
  const read: number[] = []
  for await (const result of stream) read.push(result)
  return read
}

const unhandled: unknown[] = []
const onUnhandled = (error: unknown): void => void unhandled.push(error)

beforeEach(() => void process.on('unhandledRejection', onUnhandled))
afterEach(async () => {
  // Unhandled rejections are told after the microtasks of this turn.
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', onUnhandled)
  assert.deepEqual(unhandled.splice(0), [])
})

describe('A stream of results', () => {
  test('gives each once, in order, whether it was there before the reader or came later', async () => {
    const { stream } = work()
    stream.push(1)
    stream.push(2)
    const reading = all(stream)
    await Promise.resolve()
    stream.push(3)
    stream.push(4)
    await Promise.resolve()
    stream.push(5)
    stream.end('done')
    assert.deepEqual(await reading, [1, 2, 3, 4, 5])
    assert.equal(await stream.outcome, 'done')
  })

  test('says how much waits for its reader, once there is one', async () => {
    const { stream } = work()
    for (const result of [1, 2, 3]) stream.push(result)
    assert.equal(stream.backlog, 0, 'nobody reads')
    await stream.next()
    assert.equal(stream.backlog, 2)
    await stream.next()
    await stream.next()
    assert.equal(stream.backlog, 0)
    const next = stream.next()
    stream.push(4)
    assert.equal(stream.backlog, 0)
    assert.deepEqual(await next, { value: 4, done: false })
  })

  test('gives what is waiting before it ends, and nothing that comes after its end', async () => {
    const { stream } = work()
    stream.push(1)
    stream.end('first')
    stream.push(2)
    stream.end('second')
    stream.fail(new Error('third'))
    assert.deepEqual(await all(stream), [1])
    assert.deepEqual(await stream.next(), { value: undefined, done: true })
    assert.equal(await stream.outcome, 'first')
  })

  test('serves readers in the order in which they asked, and dismisses those left at its end', async () => {
    const { stream } = work()
    const readers = [stream.next(), stream.next(), stream.next()]
    stream.push(1)
    stream.push(2)
    stream.end('done')
    assert.deepEqual(await Promise.all(readers), [
      { value: 1, done: false },
      { value: 2, done: false },
      { value: undefined, done: true },
    ])
  })

  test('that is left early stops the work, once, and gives nothing more', async () => {
    const begun = work()
    begun.stream.push(1)
    begun.stream.push(2)
    for await (const result of begun.stream) {
      assert.equal(result, 1)
      break
    }
    assert.equal(begun.stopped, 1)
    begun.stream.push(3)
    assert.deepEqual(await begun.stream.next(), { value: undefined, done: true })
    begun.stream.end('cancelled')
    assert.equal(await begun.stream.outcome, 'cancelled')
  })

  test('that is left by an error in the loop stops the work, and that error comes through', async () => {
    const begun = work()
    begun.stream.push(1)
    const failing = async (): Promise<void> => {
      for await (const result of begun.stream) throw new Error(`no ${result}`)
    }
    await assert.rejects(failing(), { message: 'no 1' })
    assert.equal(begun.stopped, 1)
  })

  test('that ended by itself does not stop what has ended', async () => {
    const begun = work()
    begun.stream.end('done')
    assert.deepEqual(await all(begun.stream), [])
    await begun.stream.return()
    assert.equal(begun.stopped, 0)
  })

  test('dismisses who waits when somebody else leaves it', async () => {
    const { stream } = work()
    const waiting = stream.next()
    await stream.return()
    assert.deepEqual(await waiting, { value: undefined, done: true })
  })

  test('that fails throws once, after what was there, and is over then', async () => {
    const { stream } = work()
    stream.push(1)
    stream.fail(new Error('no'))
    assert.deepEqual(await stream.next(), { value: 1, done: false })
    await assert.rejects(stream.next(), { message: 'no' })
    assert.deepEqual(await stream.next(), { value: undefined, done: true })
  })

  test('that fails throws to one reader, and dismisses the others', async () => {
    const { stream } = work()
    const readers = [stream.next(), stream.next()]
    stream.fail(new Error('no'))
    const [first, second] = await Promise.allSettled(readers)
    assert.equal(first!.status, 'rejected')
    assert.deepEqual(second, { status: 'fulfilled', value: { value: undefined, done: true } })
    assert.deepEqual(await stream.next(), { value: undefined, done: true })
  })

  test('that fails rejects its outcome, by the very reason, whatever that is', async () => {
    const { stream } = work()
    stream.fail('why')
    await assert.rejects(stream.outcome, (reason) => reason === 'why')
    await assert.rejects(stream.next(), (reason) => reason === 'why')
  })

  test('that fails leaves no unhandled rejection, with one reader, with a loop, or with nobody at all', async () => {
    const [alone, read, looped] = [work().stream, work().stream, work().stream]
    const reading = assert.rejects(read.next())
    const looping = assert.rejects(all(looped))
    for (const stream of [alone, read, looped]) stream.fail(new Error('no'))
    await Promise.all([reading, looping])
  })

  test('keeps ten thousand for who does not read, and drops the newest above that', async () => {
    const { stream } = work()
    for (let i = 0; i < 10_050; i++) stream.push(i)
    stream.end('done')
    const read = await all(stream)
    assert.equal(read.length, 10_000)
    assert.equal(read.at(-1), 9_999)
  })
})
