// Items where things happen at once or go wrong halfway (BEP 44): taken back, aborted, published and read at the same
// time, holders that vanish. What lasts hours: kept-items.test.ts. Announces: announce-races.test.ts.
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe } from 'node:test'
import { mutableTarget, recordData } from '../../src/networks/mainline/items/item.ts'
import { encodeValue } from '../../src/networks/mainline/items/value.ts'
import type { SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { createMemoryStore } from '../../src/stores/memory-store.ts'
import { holders, keyPairOf, NAME, plant, resolve, SALT, signedItem } from './item-fixtures.ts'
import { Puppet } from './puppet.ts'
import { HOUR, MINUTE, scenario, SECOND } from './scenario.ts'
import { onSending } from './on-sending.ts'

describe('What is taken back', () => {
  scenario('while its publishing waits for one before is not kept alive', {}, async (network) => {
    await network.grow(10)
    const me = keyPairOf(network)
    const { node } = network.nodes[0]!
    const both = ['a', 'b'].map((value) => node.publish(NAME, value, { keyPair: me }))
    assert.equal(node.unpublish(me.publicKey, NAME), true)
    const reports = await network.clock.settle(Promise.all(both))
    assert.deepEqual(
      reports.map(({ seq }) => seq),
      [1n, 2n],
    )
    assert.deepEqual(node.kept(), [])
    // And what is published after that is kept.
    await network.clock.settle(node.publish(NAME, 'c', { keyPair: me }))
    assert.deepEqual(
      node.kept().map(({ seq }) => seq),
      [3n],
    )
  })

  scenario(
    'while it is put again does not come back, though a newer one is found then',
    {},
    async (network) => {
      await network.grow(15)
      const me = keyPairOf(network)
      const [home, office, watcher] = network.nodes as [SimulatedNode, SimulatedNode, SimulatedNode]
      await network.clock.settle(home.node.publish(NAME, 'at home', { keyPair: me }))
      await network.clock.settle(watcher.node.watchOver(me.publicKey, NAME))
      await network.clock.settle(office.node.publish(NAME, 'at work', { keyPair: me, keepAlive: false }))
      const taken: string[] = []
      for (const [each, take] of [
        [home, () => home.node.unpublish(me.publicKey, NAME)],
        [watcher, () => watcher.node.unwatch(me.publicKey, NAME)],
      ] as const) {
        const stop = onSending(network, each, '1:q3:get', () => {
          stop()
          taken.push(each.host)
          assert.equal(take(), true)
        })
      }
      await network.clock.runFor(HOUR + 5 * MINUTE)
      assert.deepEqual(taken.toSorted(), [home.host, watcher.host].toSorted())
      assert.deepEqual([...home.node.kept(), ...watcher.node.kept()], [])
    },
  )
})

describe('Publishing that is aborted', () => {
  scenario('while it waits for one before ends at once and puts nothing', {}, async (network) => {
    await network.grow(10)
    const me = keyPairOf(network)
    const { node } = network.nodes[0]!
    const order: string[] = []
    const abort = new AbortController()
    const first = node.publish(NAME, 'one', { keyPair: me }).then(() => order.push('one'))
    const second = node.publish(NAME, 'two', { keyPair: me, signal: abort.signal })
    const third = node.publish(NAME, 'three', { keyPair: me }).then(({ seq }) => order.push(`three, ${seq}`))
    const rejected = assert.rejects(second, /enough/).then(() => order.push('two is aborted'))
    abort.abort(new Error('enough'))
    await network.clock.settle(Promise.all([first, rejected, third]))
    assert.deepEqual(order, ['two is aborted', 'one', 'three, 2'])
    assert.equal((await resolve(network, network.nodes[4]!, me))?.value, 'three')
  })

  scenario('while it waits puts nothing into our own store either', {}, async (network) => {
    const { node } = network.add()
    const me = keyPairOf(network)
    await network.clock.settle(node.publish(NAME, 'one', { keyPair: me }))
    const abort = new AbortController()
    const second = node.publish(NAME, 'two', { keyPair: me })
    const third = node.publish(NAME, 'three', { keyPair: me, signal: abort.signal })
    const rejected = assert.rejects(third, /enough/)
    abort.abort(new Error('enough'))
    await network.clock.settle(Promise.all([second, rejected]))
    assert.equal((await network.clock.settle(node.resolve(me.publicKey, NAME)))?.value, 'two')
  })

  scenario('at whichever packet leaves nothing behind, and no fork', { seed: 4 }, async (network) => {
    await network.grow(12)
    const me = keyPairOf(network)
    const [publisher, reader] = network.nodes as [SimulatedNode, SimulatedNode]
    for (let packet = 1; packet < 24; packet += 2) {
      const abort = new AbortController()
      let sent = 0
      const stop = onSending(network, publisher, '1:y1:q', () => {
        if (++sent === packet) network.clock.soon(() => abort.abort(new Error('enough')))
      })
      // Past the tokens of the round before in half of the rounds.
      if (packet % 4 === 1) await network.clock.runFor(5 * MINUTE)
      const publishing = publisher.node.publish(NAME, `aborted ${packet}`, {
        keyPair: me,
        signal: abort.signal,
        keepAlive: false,
      })
      const outcome = await network.clock.settle(publishing.catch((error: Error) => error.message))
      stop()
      if (!abort.signal.aborted) continue
      assert.equal(outcome, 'enough', `packet ${packet}`)
      assert.deepEqual(getEventListeners(abort.signal, 'abort'), [], `packet ${packet}`)
      for (const method of ['get', 'put']) {
        onSending(network, publisher, `1:q3:${method}`, () => assert.fail(`${method} after packet ${packet}`))
      }
      await network.clock.runFor(10 * SECOND)
      network.network.watchers.clear()
      const next = await network.clock.settle(
        publisher.node.publish(NAME, `whole ${packet}`, { keyPair: me, keepAlive: false }),
      )
      assert.equal(next.stored, 8, `packet ${packet}`)
      const found = await resolve(network, reader, me)
      assert.deepEqual([found?.value, found?.conflict, found?.copies], [`whole ${packet}`, false, 8])
    }
  })
})

describe('A holder that is gone a minute later', () => {
  scenario(
    'makes the next publish look anew, which is one seq on and keeps to its cas (B44-12)',
    {},
    async (network) => {
      await network.grow(20)
      const me = keyPairOf(network)
      const [publisher] = network.nodes as [SimulatedNode]
      let seq = 0n
      for (const cas of [undefined, 1n, undefined, 3n]) {
        const report = await network.clock.settle(
          publisher.node.publish(NAME, `value ${seq}`, {
            keyPair: me,
            ...(cas === undefined ? {} : { cas }),
          }),
        )
        assert.deepEqual([report.seq, report.stored, report.refused], [++seq, 8, []])
        const target = mutableTarget(me.publicKey, SALT)
        network.crash(holders(network, target).find((each) => each !== publisher)!)
        await network.clock.runFor(MINUTE)
      }
      assert.deepEqual(
        publisher.node.kept().map((each) => each.seq),
        [4n],
      )
      const found = await resolve(network, network.nodes[9]!, me)
      assert.deepEqual([found?.seq, found?.conflict], [4n, false])
    },
  )

  scenario('and one that missed the last version do not stand in the way of cas', {}, async (network) => {
    await network.grow(8)
    const me = keyPairOf(network)
    const [a, b, c] = network.nodes as [SimulatedNode, SimulatedNode, SimulatedNode]
    // All but one hold the second version, that one the first.
    for (const each of network.nodes) plant(each, signedItem(me, each === c ? 1n : 2n, 'before'), network)
    const report = await network.clock.settle(b.node.publish(NAME, 'after', { keyPair: me, cas: 2 }))
    assert.deepEqual([report.seq, report.stored, report.refused], [3n, 8, []])
    // But who got another one meanwhile refuses.
    const racing = signedItem(me, 4n, 'racing')
    const stop = onSending(network, b, '1:q3:put', () => {
      stop()
      plant(c, racing, network)
    })
    await network.clock.runFor(5 * MINUTE)
    const beaten = await network.clock.settle(b.node.publish(NAME, 'beaten', { keyPair: me, cas: 3 }))
    assert.deepEqual([beaten.seq, beaten.stored], [4n, 7])
    assert.deepEqual(
      beaten.refused.map(({ host, code }) => [host, code]),
      [[c.host, 301]],
    )
    assert.equal((await resolve(network, a, me))?.conflict, true)
  })

  scenario('and all of them: cas names the version that is followed', {}, async (network) => {
    await network.grow(9)
    const me = keyPairOf(network)
    const report = await network.clock.settle(
      network.nodes[0]!.node.publish(NAME, 'next', { keyPair: me, cas: 41 }),
    )
    assert.deepEqual([report.seq, report.stored], [42n, 8])
  })
})

describe('Reading', () => {
  scenario(
    'while this node publishes gives nothing older than what it has published by then (T13)',
    {},
    async (network) => {
      await network.grow(5)
      const me = keyPairOf(network)
      const { node } = network.nodes[0]!
      const puppet = new Puppet(network)
      let isSilent = false
      puppet.answer = (query) => {
        if (query.method !== 'get') return { nodes: [] }
        return isSilent ? null : { nodes: [] }
      }
      await network.clock.settle(node.ping(puppet.address))
      await network.clock.settle(node.publish(NAME, 'one', { keyPair: me }))
      // From now on a lookup takes the time in which one does not answer; a publish has its tokens.
      isSilent = true
      const order: string[] = []
      const reading = node.resolve(me.publicKey, NAME).then((found) => {
        order.push('read')
        return found
      })
      await network.clock.runFor(100)
      await network.clock.settle(node.publish(NAME, 'two', { keyPair: me }).then(() => order.push('two')))
      const found = await network.clock.settle(reading)
      assert.deepEqual(order, ['two', 'read'])
      assert.deepEqual([found?.value, found?.seq], ['two', 2n])
    },
  )

  scenario(
    'is committed before it is told, so that no kill makes it forgotten (T13)',
    {},
    async (network) => {
      await network.grow(8)
      const me = keyPairOf(network)
      const memory = createMemoryStore()
      const target = mutableTarget(me.publicKey, SALT)
      let committed: bigint | undefined
      const commit = (): void => {
        committed = memory.records.newest(target)?.version
      }
      const store = { ...memory, commit, close: () => {} }
      const reader = network.add({
        store,
        bootstrap: [network.nodes[0]!.address],
        options: { readOnly: true },
      })
      await network.clock.settle(reader.node.join())
      await network.clock.settle(network.nodes[0]!.node.publish(NAME, 'seen', { keyPair: me, seq: 7 }))
      const found = await network.clock.settle(
        reader.node.resolve(me.publicKey, NAME).then((item) => [item?.seq, committed]),
      )
      assert.deepEqual(found, [7n, 7n])
    },
  )

  scenario('a signed item gives no immutable one that has the same hash (T18)', {}, async (network) => {
    const { node, store } = network.add()
    const me = keyPairOf(network)
    const item = { value: encodeValue('no signature'), signed: null }
    const times = { refreshedAt: network.clock.now(), expiresAt: network.clock.now() + HOUR }
    store.records.put({
      key: mutableTarget(me.publicKey, SALT),
      version: 0n,
      digest: network.random.bytes(20),
      data: recordData(item),
      source: null,
      ...times,
    })
    assert.equal(await network.clock.settle(node.resolve(me.publicKey, NAME)), null)
  })
})

describe('A node that has just been opened', () => {
  scenario('gives what one family has found, though the other is still joining', {}, async (network) => {
    await network.grow(10)
    const me = keyPairOf(network)
    const [publisher] = network.nodes as [SimulatedNode]
    const { key } = await network.clock.settle(publisher.node.put('here'))
    await network.clock.settle(publisher.node.publish(NAME, 'here too', { keyPair: me }))
    const both = network.add({
      addresses: [network.freshAddress(4), network.freshAddress(6)],
      // Nobody is at the second one.
      bootstrap: [publisher.address, network.freshAddress(6)],
    })
    void both.node.join()
    const opened = network.clock.now()
    const found = await network.clock.settle(both.node.get(key))
    assert.equal(found?.value, 'here')
    assert.equal((await resolve(network, both, me, 'first'))?.value, 'here too')
    assert.ok(network.clock.now() - opened < 4 * SECOND)
    await network.clock.runFor(MINUTE)
  })
})

describe('A node that is alone in two families', () => {
  scenario('counts its own store once', {}, async (network) => {
    const { node } = network.add({ addresses: [network.freshAddress(4), network.freshAddress(6)] })
    const report = await network.clock.settle(node.put('mine'))
    assert.deepEqual([report.stored, report.asked, report.accepted.length], [1, 1, 1])
    assert.equal((await network.clock.settle(node.get(report)))?.copies, 1)
  })
})
