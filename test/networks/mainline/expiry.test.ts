// When peers and items are dropped: at the start all that is too old, then minute by minute, in pieces.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { packAddress } from '../../../src/codecs/compact-address.ts'
import { asId } from '../../../src/kademlia/id.ts'
import { Expiry } from '../../../src/node/expiry.ts'
import { digestOf, recordData, targetOf } from '../../../src/networks/mainline/items/item.ts'
import { sha1 } from '../../../src/node/system.ts'
import { createMemoryStore } from '../../../src/stores/memory-store.ts'
import type { PeerStore, Store } from '../../../src/stores/store.ts'
import { VirtualTime } from '../../node/virtual-time.ts'
import { HOUR, ITEM_LIFETIME_MS, MINUTE, PEER_LIFETIME_MS } from './answering.ts'
import { immutable } from './item-fixtures.ts'

function expiring(store: Store = createMemoryStore({ unlimitedPerIp: true })) {
  const time = new VirtualTime()
  const told = { changed: 0, failures: [] as unknown[] }
  const expiry = new Expiry({
    scheduler: time,
    expiring: [
      {
        lifetimeMs: PEER_LIFETIME_MS,
        drop: (now, limit) => store.peers.expire(now - PEER_LIFETIME_MS, limit),
      },
      { lifetimeMs: ITEM_LIFETIME_MS, drop: (now, limit) => store.records.expire(now, limit) },
    ],
    changed: () => told.changed++,
    failed: (error) => told.failures.push(error),
  })
  const addPeer = (n: number): void => {
    const compact = packAddress({ host: '9.8.7.6', port: 1 + (n % 60_000) })!
    const infoHash = asId(sha1(Uint8Array.of(n >> 8, n)))
    store.peers.announce(infoHash, { compact, seed: false, refreshedAt: time.now() })
  }
  const addItem = (n: number): void => {
    const item = immutable(`item ${n}`)
    const now = time.now()
    const times = { refreshedAt: now, expiresAt: now + ITEM_LIFETIME_MS }
    const record = { key: targetOf(item), version: 0n, digest: digestOf(item), data: recordData(item) }
    assert.ok(store.records.put({ ...record, ...times, source: null }).stored)
  }
  const sizes = () => [store.peers.size.peers, store.records.size.records]
  return { time, told, expiry, store, addPeer, addItem, sizes }
}

describe('What a node stores for others', () => {
  test('is dropped within a minute of its time: peers after 45 minutes, items after two hours (B5-18, B44-20)', async () => {
    const { time, told, expiry, addPeer, addItem, sizes } = expiring()
    expiry.start()
    addPeer(1)
    addItem(1)
    await time.runFor(PEER_LIFETIME_MS)
    assert.deepEqual(sizes(), [1, 1])
    await time.runFor(MINUTE)
    assert.deepEqual(sizes(), [0, 1])
    await time.runFor(ITEM_LIFETIME_MS - PEER_LIFETIME_MS - MINUTE - 1)
    assert.deepEqual(sizes(), [0, 1])
    await time.runFor(MINUTE)
    assert.deepEqual(sizes(), [0, 0])
    assert.equal(told.changed, 2, 'each is to be committed')
    expiry.close()
  })

  test('is all dropped at the start that expired while the node was away, however much it is', async () => {
    const { time, expiry, addPeer, addItem, sizes } = expiring()
    for (let n = 0; n < 4_500; n++) addPeer(n)
    for (let n = 0; n < 4_100; n++) addItem(n)
    await time.runFor(HOUR)
    addItem(5_000)
    await time.runFor(HOUR)
    expiry.start()
    assert.deepEqual(sizes(), [0, 1])
    expiry.close()
  })

  test('is dropped in pieces later on, each in a turn of its own, so that packets get theirs', async () => {
    const { time, expiry, addPeer, addItem, store, sizes } = expiring()
    expiry.start()
    await time.runFor(MINUTE / 2)
    for (let n = 0; n < 4_500; n++) addPeer(n)
    for (let n = 0; n < 2_100; n++) addItem(n)
    const left: string[] = []
    // Asked for just before each timer runs.
    const at = time.at.bind(time)
    time.at = (due, run) => {
      return at(due, () => {
        left.push(String(sizes()))
        run()
      })
    }
    await time.runFor(ITEM_LIFETIME_MS + 2 * MINUTE)
    const steps = left.filter((each, n) => each !== left[n - 1])
    assert.deepEqual(steps, ['4500,2100', '2500,2100', '500,2100', '0,2100', '0,100', '0,0'])
    assert.deepEqual(store.peers.size, { infoHashes: 0, peers: 0 })
    expiry.close()
  })

  test('stays when the store fails, which is told of, and the next minute tries again', async () => {
    const store = createMemoryStore()
    let broken = true
    const peers = new Proxy(store.peers, {
      get(target, name: keyof PeerStore) {
        if (name === 'expire' && broken) throw new Error('no disk')
        const value = target[name]
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const { time, told, expiry, addItem, sizes } = expiring({ ...store, peers })
    expiry.start()
    addItem(1)
    await time.runFor(ITEM_LIFETIME_MS + MINUTE)
    assert.deepEqual(sizes(), [0, 1])
    assert.ok(told.failures.length > 100)
    broken = false
    await time.runFor(MINUTE)
    assert.deepEqual(sizes(), [0, 0])
    expiry.close()
    assert.equal(time.pending, 0)
  })
})
