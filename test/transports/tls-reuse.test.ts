// Which connection a request of the transport goes by: used again, opened, waited for, lost and tried once more.
// On real loopback sockets.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { utf8 } from '../contracts/transport-contract.ts'
import { echo, eventually, KINDS, node, strangeServer, type TestNode } from './streams.ts'

/** Asks one thing after the other. */
async function askEach(a: TestNode, b: TestNode, texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    const before = a.inbox.received.length
    a.transport.dial(utf8(text), b.transport.local)
    await eventually(() => a.inbox.received.length > before)
  }
}

for (const kind of KINDS) {
  describe(`An outgoing connection over ${kind}`, () => {
    test('is used again after an answer that keeps it open', async () => {
      await using b = await node(kind, {}, echo)
      await using a = await node(kind)
      await askEach(a, b, ['1', '2', '3'])
      assert.equal(a.transport.counters().opened, 1)
      assert.deepEqual(a.inbox.received[2]!.from, b.transport.local)
    })

    test('is not used again after an answer that does not (drogulus B1)', async () => {
      await using b = await node(kind, {}, echo)
      await using a = await node(kind)
      await askEach(a, b, ['!1', '!2', '!3'])
      assert.equal(a.transport.counters().opened, 3)
      await eventually(() => a.transport.counters().outgoing === 0)
      assert.deepEqual(a.transport.drops(), {})
    })

    test('carries several requests at once when it is known to be kept open', async () => {
      await using b = await node(kind, {}, (text) => (text === 'first' ? 'kept' : null))
      await using a = await node(kind, { limits: { maxUnderWay: 5 } })
      a.transport.dial(utf8('first'), b.transport.local)
      await eventually(() => a.inbox.received.length === 1)
      for (let i = 0; i < 5; i++) a.transport.dial(utf8('more'), b.transport.local)
      await eventually(() => b.inbox.received.length === 6)
      assert.equal(a.transport.counters().opened, 1)
      a.transport.dial(utf8('too many for one'), b.transport.local)
      await eventually(() => b.inbox.received.length === 7)
      assert.equal(a.transport.counters().opened, 2)
    })

    test('carries what waited as soon as it is known to be kept open', async () => {
      await using b = await node(kind, {}, echo)
      await using a = await node(kind, { limits: { maxOutgoingPerAddress: 2 } })
      for (let i = 0; i < 20; i++) a.transport.dial(utf8(`${i}`), b.transport.local)
      await eventually(() => a.inbox.received.length === 20)
      assert.equal(a.transport.counters().opened, 2)
    })

    test('makes room for what waited when it ends', async () => {
      await using b = await node(kind, {}, echo)
      await using a = await node(kind, { limits: { maxOutgoingPerAddress: 2 } })
      for (let i = 0; i < 20; i++) a.transport.dial(utf8(`!${i}`), b.transport.local)
      await eventually(() => a.inbox.received.length === 20)
      assert.equal(a.transport.counters().opened, 20)
      assert.deepEqual(a.inbox.failed, [])
    })

    test('may be dialled from within the receiver', async () => {
      await using b = await node(kind, {}, echo)
      await using a = await node(kind, {}, (text) => {
        if (text.length < 10) a.transport.dial(utf8(`${text}x`), b.transport.local)
        return null
      })
      a.transport.dial(utf8('x'), b.transport.local)
      await eventually(() => a.inbox.received.length === 10)
      assert.equal(a.transport.counters().opened, 1)
    })

    test('is closed after its idle time, and a later request opens another', async () => {
      await using b = await node(kind, {}, echo)
      await using a = await node(kind, { limits: { idleOutgoingMs: 20 } })
      await askEach(a, b, ['1'])
      await eventually(() => a.transport.counters().outgoing === 0)
      assert.deepEqual(a.transport.drops(), { idle: 1 })
      await askEach(a, b, ['2'])
      assert.equal(a.transport.counters().opened, 2)
      assert.deepEqual(a.inbox.failed, [])
    })
  })

  describe(`A request over ${kind}`, () => {
    test('is sent once more when its used connection is closed in place of an answer', async () => {
      const seen: string[] = []
      using server = await strangeServer(kind, (asked, count) => {
        asked.socket.on('data', () => {
          const texts = asked.texts.splice(0)
          seen.push(...texts.map((text) => `${count}: ${text}`))
          if (count === 1 && texts.includes('2')) asked.socket.destroy()
          else asked.send(...texts)
        })
      })
      await using a = await node(kind)
      a.transport.dial(utf8('1'), server.local)
      await eventually(() => a.inbox.received.length === 1)
      a.transport.dial(utf8('2'), server.local)
      await eventually(() => a.inbox.received.length === 2)
      assert.deepEqual(seen, ['1: 1', '1: 2', '2: 2'])
      assert.deepEqual(a.inbox.failed, [])
    })

    test('is sent once more, and not a third time', async () => {
      const seen: string[] = []
      using server = await strangeServer(kind, (asked) => {
        asked.socket.on('data', () => {
          const texts = asked.texts.splice(0)
          seen.push(...texts)
          if (texts.includes('2')) asked.socket.destroy()
          else asked.send(...texts)
        })
      })
      await using a = await node(kind)
      a.transport.dial(utf8('1'), server.local)
      await eventually(() => a.inbox.received.length === 1)
      a.transport.dial(utf8('2'), server.local)
      await eventually(() => a.inbox.failed.length === 1)
      assert.deepEqual(seen, ['1', '2', '2'])
      assert.equal(server.count(), 2)
    })

    test('is not sent a third time either when it has waited for the second', async () => {
      using server = await strangeServer(kind, (asked, count) => {
        asked.socket.on('data', () => {
          const texts = asked.texts.splice(0)
          const isDeadly = count === 1 ? texts.includes('2') : count === 2 && texts.includes('3')
          if (isDeadly) asked.socket.destroy()
          else asked.send(...texts)
        })
      })
      await using a = await node(kind, { limits: { maxOutgoingPerAddress: 1 } })
      a.transport.dial(utf8('1'), server.local)
      await eventually(() => a.inbox.received.length === 1)
      a.transport.dial(utf8('2'), server.local)
      a.transport.dial(utf8('3'), server.local)
      await eventually(() => a.inbox.received.length + a.inbox.failed.length === 3)
      assert.deepEqual(a.inbox.texts(), ['1', '2'])
      assert.equal(a.inbox.failed.length, 1)
      assert.equal(server.count(), 2)
    })

    test('is not sent once more on a connection that never was any good', async () => {
      using server = await strangeServer(kind, (asked) => {
        asked.socket.on('data', () => asked.socket.end())
      })
      await using a = await node(kind)
      a.transport.dial(utf8('1'), server.local)
      await eventually(() => a.inbox.failed.length === 1)
      assert.deepEqual(a.inbox.failed, [{ to: server.local, reason: 'closed' }])
      assert.equal(server.count(), 1)
    })

    test('is not sent once more when part of an answer has come', async () => {
      using server = await strangeServer(kind, (asked) => {
        asked.socket.on('data', () => {
          const [text] = asked.texts.splice(0)
          if (text === '1') asked.send('1')
          else asked.socket.end(Uint8Array.of(0, 0))
        })
      })
      await using a = await node(kind)
      a.transport.dial(utf8('1'), server.local)
      await eventually(() => a.inbox.received.length === 1)
      a.transport.dial(utf8('2'), server.local)
      await eventually(() => a.inbox.failed.length === 1)
      assert.equal(server.count(), 1)
    })

    test('goes by another connection when this one ends with the answer to another request', async () => {
      using server = await strangeServer(kind, (asked, count) => {
        asked.socket.on('data', () => {
          // Of two at once it answers one, and says that this was all.
          const texts = asked.texts.splice(0)
          if (count > 1 || texts.includes('1')) asked.send(...texts)
          else if (texts.includes('3')) {
            asked.send('!2')
            asked.socket.end()
          }
        })
      })
      await using a = await node(kind)
      a.transport.dial(utf8('1'), server.local)
      await eventually(() => a.inbox.received.length === 1)
      a.transport.dial(utf8('2'), server.local)
      a.transport.dial(utf8('3'), server.local)
      await eventually(() => a.inbox.received.length === 3)
      assert.deepEqual(a.inbox.texts(), ['1', '!2', '3'])
      assert.deepEqual(a.inbox.failed, [])
    })

    test('fails when too many wait for the same address', async () => {
      await using silent = await node(kind)
      await using a = await node(kind, { limits: { maxOutgoingPerAddress: 1, maxWaiting: 1 } })
      for (let i = 0; i < 3; i++) a.transport.dial(utf8(`${i}`), silent.transport.local)
      assert.deepEqual(a.inbox.failed, [])
      await eventually(() => a.inbox.failed.length === 1)
      assert.deepEqual(a.inbox.failed, [{ to: silent.transport.local, reason: 'overload' }])
    })

    test('fails when all connections are in use, and takes the place of an idle one', async () => {
      await using b = await node(kind, {}, echo)
      await using silent = await node(kind)
      await using other = await node(kind)
      await using a = await node(kind, { limits: { maxOutgoing: 1 } })
      await askEach(a, b, ['1'])
      a.transport.dial(utf8('2'), silent.transport.local)
      await eventually(() => silent.inbox.received.length === 1)
      assert.deepEqual(a.transport.drops(), { 'connections-full': 1 })
      a.transport.dial(utf8('3'), other.transport.local)
      await eventually(() => a.inbox.failed.length === 1)
      assert.deepEqual(a.inbox.failed, [{ to: other.transport.local, reason: 'overload' }])
      assert.equal(a.transport.counters().outgoing, 1)
    })

    test('fails when no answer comes for long', async () => {
      await using silent = await node(kind)
      await using a = await node(kind, { limits: { responseTimeoutMs: 30 } })
      a.transport.dial(utf8('question'), silent.transport.local)
      await eventually(() => a.inbox.failed.length === 1)
      assert.deepEqual(a.inbox.failed, [{ to: silent.transport.local, reason: 'no-answer' }])
      await eventually(() => a.transport.counters().outgoing === 0)
    })
  })
}
