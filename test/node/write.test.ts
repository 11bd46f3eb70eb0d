// Writing on the closest nodes: on as many as are enough, the next in line making up for who does not take it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Address } from '../../src/kademlia/contact.ts'
import { asId } from '../../src/kademlia/id.ts'
import type { RequestOutcome } from '../../src/kademlia/requester.ts'
import { reachedOthers, writeOn, type Asking, type Holder, type WriteReport } from '../../src/node/write.ts'
import { settled } from './virtual-time.ts'

type Outcome = RequestOutcome<unknown>

const refusal = (code: number): Outcome => ({ kind: 'error', refusal: { code, message: '' }, rttMs: 1 })
const SILENT: Outcome = { kind: 'failed', why: 'timeout' }

interface Question {
  readonly port: number
  readonly query: string
  readonly answer: (outcome: Outcome) => void
}

/** Nodes at port 0, 1, 2 …, which answer when the test says so. */
class Nodes implements Asking<string> {
  readonly questions: Question[] = []
  readonly runner: Asking<string>['runner'] = {
    ask: ({ query, to }) => new Promise((answer) => this.questions.push({ port: to.port, query, answer })),
  }

  holders(count: number): Holder<Nodes>[] {
    return Array.from({ length: count }, (_, port) => ({
      local: this,
      contact: { id: asId(new Uint8Array(20).fill(port)), address: { host: '1.2.3.4', port } },
      token: Uint8Array.of(port),
    }))
  }

  /** Answers the first open question of that node; what is asked upon it is asked then. */
  async answers(port: number, outcome: Outcome | null = null): Promise<void> {
    const at = this.questions.findIndex((question) => question.port === port)
    const [question] = this.questions.splice(at, 1)
    const contact = { id: asId(new Uint8Array(20)), address: { host: '1.2.3.4', port } }
    question!.answer(outcome ?? { kind: 'reply', contact, reply: {}, rttMs: 1 })
    await settled()
  }

  /** Whom it waits for. */
  get open(): number[] {
    return this.questions.map(({ port }) => port)
  }
}

const OWN: Address = { host: 'self', port: 0 }

const query = (token: Uint8Array): string => `token ${token[0]}`

function write(
  holders: readonly Holder<Nodes>[],
  more: Partial<Parameters<typeof writeOn<string, Nodes>>[2]> = {},
): Promise<WriteReport> {
  return writeOn('key', holders, { query, own: () => null, ...more })
}

const portsOf = (addresses: readonly Address[]): number[] => addresses.map(({ port }) => port)

describe('A write on the closest nodes', () => {
  test('asks all of them at once where nothing says how many are enough, each with its own token', async () => {
    const nodes = new Nodes()
    const writing = write(nodes.holders(3))
    assert.deepEqual(
      nodes.questions.map(({ query: asked }) => asked),
      ['token 0', 'token 1', 'token 2'],
    )
    await nodes.answers(1, refusal(203))
    await nodes.answers(0)
    await nodes.answers(2, SILENT)
    assert.deepEqual(await writing, {
      key: 'key',
      stored: 1,
      asked: 3,
      accepted: [{ host: '1.2.3.4', port: 0 }],
      refused: [
        { host: '1.2.3.4', port: 1, code: 203 },
        { host: '1.2.3.4', port: 2, code: 'timeout' },
      ],
    })
  })

  test('asks no more than are enough while they take it', async () => {
    const nodes = new Nodes()
    const writing = write(nodes.holders(8), { enough: 6 })
    assert.deepEqual(nodes.open, [0, 1, 2, 3, 4, 5])
    for (const port of [3, 1, 0, 5, 4, 2]) await nodes.answers(port)
    const { stored, asked, accepted, refused } = await writing
    assert.deepEqual([stored, asked, refused], [6, 6, []])
    assert.deepEqual(portsOf(accepted), [0, 1, 2, 3, 4, 5])
  })

  test('asks the next in line for each that does not take it, one for one', async () => {
    const nodes = new Nodes()
    const writing = write(nodes.holders(8), { enough: 3 })
    await nodes.answers(1, SILENT)
    assert.deepEqual(nodes.open, [0, 2, 3])
    await nodes.answers(0)
    assert.deepEqual(nodes.open, [2, 3])
    await nodes.answers(3, refusal(205))
    assert.deepEqual(nodes.open, [2, 4])
    await nodes.answers(4)
    await nodes.answers(2)
    const { stored, asked, accepted, refused } = await writing
    assert.deepEqual([stored, asked], [3, 5])
    assert.deepEqual(portsOf(accepted), [0, 2, 4])
    assert.deepEqual(
      refused.map(({ port, code }) => [port, code]),
      [
        [1, 'timeout'],
        [3, 205],
      ],
    )
  })

  test('ends when nobody is left who could take it', async () => {
    const nodes = new Nodes()
    const writing = write(nodes.holders(4), { enough: 2 })
    for (const port of [0, 1, 2, 3]) await nodes.answers(port, SILENT)
    const { stored, asked, refused } = await writing
    assert.deepEqual([stored, asked, portsOf(refused)], [0, 4, [0, 1, 2, 3]])
    assert.equal(reachedOthers(await writing), false)
  })

  test('writes on few where there are fewer than are enough, and on nobody where there is nobody', async () => {
    const nodes = new Nodes()
    const writing = write(nodes.holders(2), { enough: 6 })
    await nodes.answers(0)
    await nodes.answers(1)
    assert.equal((await writing).stored, 2)
    assert.deepEqual(await write([], { enough: 6 }), {
      key: 'key',
      stored: 0,
      asked: 0,
      accepted: [],
      refused: [],
    })
  })

  test('counts our own node as one of them, and makes up for it where our store is full', async () => {
    for (const [own, ports] of [
      [null, [0, 1]],
      ['full', [1, 2]],
    ] as const) {
      const nodes = new Nodes()
      const holders = nodes.holders(4)
      holders[0] = { ...holders[0]!, contact: { ...holders[0]!.contact, address: OWN }, token: null }
      const writing = write(holders, { enough: 2, own: () => own })
      await settled()
      for (const port of nodes.open) await nodes.answers(port)
      const { stored, accepted, refused } = await writing
      assert.deepEqual([stored, portsOf(accepted)], [2, ports])
      assert.deepEqual(refused, own === null ? [] : [{ ...OWN, code: 'full' }])
    }
  })

  test('counts who has it already as one who took it', async () => {
    const nodes = new Nodes()
    const writing = write(nodes.holders(3), { enough: 2, hasIt: (code) => code === 302 })
    await nodes.answers(0, refusal(302))
    await nodes.answers(1, refusal(301))
    await nodes.answers(2)
    const { stored, refused } = await writing
    assert.deepEqual([stored, portsOf(refused)], [2, [1]])
  })

  test('asks nobody when it was given up before', async () => {
    const nodes = new Nodes()
    const signal = AbortSignal.abort(new Error('given up'))
    await assert.rejects(write(nodes.holders(3), { signal }), /given up/u)
    assert.deepEqual(nodes.open, [])
  })
})
