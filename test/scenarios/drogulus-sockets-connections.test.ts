// The connections of drogulus nodes over TLS: used again between nodes of ours, one request each with whoever closes them
// (drogulus B0, B1), and what certificates are worth: nothing. Time limits are in test/transports/.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toHex } from '../../src/kademlia/id.ts'
import { createCertificate } from '../../src/networks/drogulus/keys/certificate.ts'
import { text } from '../networks/drogulus/judging.ts'
import { OriginalNode } from '../networks/drogulus/original.ts'
import { eventually, KINDS } from '../transports/streams.ts'
import { addressOf, openedOver } from './drogulus-sockets.ts'
import { DrogulusListener, DrogulusStranger, randomId } from './drogulus-strangers.ts'

const ASKED = 40

for (const kind of KINDS) {
  const over = kind === 'TLS' ? {} : { tls: null }
  describe(`Two drogulus nodes over ${kind}`, () => {
    test('use one connection in each direction for all that they ask one after the other (drogulus B0)', async () => {
      const a = await openedOver(over)
      const b = await openedOver(over)
      await b.node.join([addressOf(a)])
      await eventually(() => a.node.contacts().length === 1)
      const before = [a.transport.counters().opened, b.transport.counters().opened]
      assert.ok(before.every((opened) => opened >= 1))
      for (let i = 0; i < ASKED; i++) {
        await a.node.ping(addressOf(b))
        await b.node.ping(addressOf(a))
        assert.equal((await b.node.publish(`${i}`, `value ${i}`)).stored, 2)
        assert.equal((await a.node.resolve(b.node.publicKey, `${i}`))?.text, `value ${i}`)
      }
      for (const [i, each] of [a, b].entries()) {
        const { opened, outgoing, dropped } = each.transport.counters()
        assert.deepEqual([opened, outgoing, dropped], [before[i], before[i], {}])
      }
      assert.ok(a.transport.counters().accepted === before[1])
    })
  })

  describe(`An original over ${kind}`, () => {
    test('gets one request on each connection, for it closes them (drogulus B1)', async () => {
      await using original = await OriginalNode.open('e9b8c69', kind === 'TLS' ? 'TLSv1.3' : null)
      const ours = await openedOver(over)
      const { node, transport } = ours
      for (let i = 0; i < 5; i++) await node.ping(original.address)
      await eventually(() => node.stats().families[0]!.requestsUnderWay === 0)
      await eventually(() => transport.counters().outgoing === 0)
      // It is looked around itself too, once it is known.
      const asked = original.heard.length
      assert.ok(asked >= 5)
      assert.deepEqual([original.connections, transport.counters().opened], [asked, asked])
      assert.deepEqual(transport.drops(), {})
      // When it asks, the connection is closed behind the answer.
      assert.equal(text((await original.ask('ping', addressOf(ours)))['message']), 'pong')
      await eventually(() => transport.counters().incoming === 0)
    })
  })
}

const YEAR_MS = 366 * 24 * 3_600_000

describe('A foreign certificate', () => {
  test('that has expired, is not valid yet, or is none, is not looked at where somebody asks (drogulus B1)', async () => {
    const { node, transport } = await openedOver()
    for (const certificate of [...(await strange()), {}]) {
      using stranger = await DrogulusStranger.connect(node.addresses[0]!, certificate)
      assert.equal((await stranger.ask({ method: 'ping' })).name, 'pong')
    }
    assert.deepEqual(transport.drops(), {})
  })

  test('that has expired, or is not valid yet, is not looked at where somebody is asked (drogulus B1)', async () => {
    const { node } = await openedOver()
    for (const certificate of await strange()) {
      const id = randomId()
      const listener = await DrogulusListener.open(id, certificate)
      assert.equal(toHex((await node.ping(listener.address)).id), toHex(id))
    }
  })
})

/** One that has expired, and one of next year. */
const strange = () =>
  Promise.all([createCertificate(Date.now() - 30 * YEAR_MS), createCertificate(Date.now() + YEAR_MS)])
