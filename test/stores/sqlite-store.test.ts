// The store in a file holds every sentence of the contract, and sees after reopening what it had committed.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createMemoryStore } from '../../src/stores/memory-store.ts'
import { openSqliteStore, type SqliteStoreOptions } from '../../src/stores/sqlite-store.ts'
import { MAX_BANS, MAX_BAN_TEXT, type Store } from '../../src/stores/store.ts'
import { applyToBans, ban, banOperations, bansOf, peerId } from '../contracts/ban-contract.ts'
import { contentOf, infoHash, numbered4, peer4, peer6, seededFraction } from '../contracts/peer-examples.ts'
import { apply, operations } from '../contracts/peer-properties.ts'
import { storeContract } from '../contracts/store-contract.ts'
import { runs } from '../property-runs.ts'
import { temporaryFolder } from './temporary-folder.ts'

let files = 0
const folder = temporaryFolder()
const newPath = (): string => join(folder, `${files++}.sqlite`)

/** Opens, does, closes. */
function within<T>(path: string, work: (store: Store) => T, options: SqliteStoreOptions = {}): T {
  const store = openSqliteStore(path, options)
  try {
    return work(store)
  } finally {
    store.close()
  }
}

describe('The SQLite store', () => storeContract((options) => openSqliteStore(newPath(), options), 40))

describe('A reopened SQLite store', () => {
  test('holds the peers, identities, contacts and commitments that it held', () => {
    const path = newPath()
    const contacts = [3, 1, 2].map((n) => ({ id: infoHash(n), host: '2001:db8::1', port: n, repliedAt: n }))
    const commitment = { kind: 'announce', key: infoHash(1), data: new Uint8Array(4_096).fill(9), doneAt: 7 }
    const before = within(path, ({ peers, state }) => {
      peers.announce(infoHash(1), peer4('10.0.0.1', 65_535, { seed: true, at: 1 }))
      peers.announce(infoHash(2), peer6('20010db8', 256, { at: 2 }))
      state.saveIdentity('v4', infoHash(4))
      state.saveContacts('v4', contacts)
      state.saveCommitment(commitment)
      state.saveCommitment({ ...commitment, key: infoHash(2) })
      state.removeCommitment('announce', infoHash(2))
      return contentOf(peers)
    })
    within(path, ({ peers, state }) => {
      assert.equal(before.length, 2)
      assert.deepEqual(contentOf(peers), before)
      assert.deepEqual(state.identity('v4'), new Uint8Array(infoHash(4)))
      assert.deepEqual(state.contacts('v4'), contacts)
      assert.equal(state.contacts('v6').length, 0)
      assert.deepEqual(state.commitments(), [{ ...commitment, key: new Uint8Array(infoHash(1)) }])
    })
  })

  test('holds its bans, and none that was dropped, replaced or forgotten (drogulus B0)', () => {
    const path = newPath()
    const long = 'w'.repeat(MAX_BAN_TEXT)
    within(path, (store) => {
      const { state } = store
      for (let number = 0; number < MAX_BANS + 3; number++) {
        state.saveBan(ban(number, { until: 1_000 + number }))
      }
      store.commit()
      state.saveBan(ban(5, { until: 9_000, why: long }))
      state.saveBan(ban(6, { host: '2001:db8::1', until: 9_001 }))
      assert.equal(state.expireBans(1_000 + MAX_BANS, MAX_BANS), MAX_BANS - 4)
    })
    const expected = [
      `1025 10.0.0.1 2025 forged`,
      `1026 10.0.0.1 2026 forged`,
      `5 10.0.0.1 9000 ${long}`,
      '6 2001:db8::1 9001 forged',
    ]
    within(path, ({ state }) => {
      assert.deepEqual(bansOf(state), expected)
      assert.equal(state.isBanned(peerId(5), '10.0.0.1', 8_999), true)
      assert.equal(state.expireBans(2_026, 10), 2)
    })
    within(path, ({ state }) => assert.deepEqual(bansOf(state), expected.slice(2)))
  })

  test('answers about bans after any sequence of operations, commits and restarts as one never closed', () => {
    const step = fc.constantFrom('commit' as const, 'reopen' as const)
    fc.assert(
      fc.property(fc.array(fc.tuple(banOperations, step), { maxLength: 5 }), (rounds) => {
        const path = newPath()
        const memory = createMemoryStore().state
        let store = openSqliteStore(path)
        for (const [sequence, then] of rounds) {
          for (const operation of sequence) {
            applyToBans(memory, operation)
            applyToBans(store.state, operation)
          }
          if (then === 'commit') store.commit()
          else store.close()
          if (then === 'reopen') store = openSqliteStore(path)
          assert.deepEqual(bansOf(store.state), bansOf(memory))
        }
        store.close()
        within(path, ({ state }) => assert.deepEqual(bansOf(state), bansOf(memory)))
      }),
      runs(20),
    )
  })

  test('keeps one row of an IP that changed its port, and all of them in a private network', () => {
    const announceTwice = ({ peers }: Store): void => {
      peers.announce(infoHash(1), peer4('10.0.0.1', 1, { at: 1 }))
      peers.announce(infoHash(1), peer4('10.0.0.1', 2, { at: 2 }))
    }
    const ports = ({ peers }: Store): number[] =>
      [...peers.all(infoHash(1), 4)].map(({ compact }) => compact.at(-1)!)
    for (const [options, expected] of [
      [{}, [2]],
      [{ unlimitedPerIp: true }, [1, 2]],
    ] as const) {
      const path = newPath()
      within(path, announceTwice, options)
      assert.deepEqual(within(path, ports, { unlimitedPerIp: true }), expected)
    }
    // Opened as a public one, a private store keeps the latest port of each IP, also in its file.
    const path = newPath()
    within(path, announceTwice, { unlimitedPerIp: true })
    assert.deepEqual(within(path, ports), [2])
    assert.deepEqual(within(path, ports, { unlimitedPerIp: true }), [2])
  })

  test('holds after any sequence of operations, commits and restarts what memory held', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant('commit' as const) },
      { weight: 1, arbitrary: fc.constant('reopen' as const) },
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(operations, step), { maxLength: 6 }), (rounds) => {
        const path = newPath()
        let store = openSqliteStore(path)
        for (const [sequence, then] of rounds) {
          for (const operation of sequence) apply(store.peers, operation, seededFraction(1))
          const held = contentOf(store.peers)
          if (then === 'commit') store.commit()
          else store.close()
          if (then === 'reopen') store = openSqliteStore(path)
          assert.deepEqual(contentOf(store.peers), held)
        }
        const held = contentOf(store.peers)
        store.close()
        within(path, ({ peers }) => assert.deepEqual(contentOf(peers), held))
      }),
      { numRuns: 30 },
    )
  })

  test('expires across a restart by the times of before, and takes a time from the future as now', () => {
    const path = newPath()
    within(path, ({ peers }) => {
      peers.announce(infoHash(1), numbered4(1, { at: 1_000 }))
      peers.announce(infoHash(1), numbered4(2, { at: 9_000 }))
    })
    const options = { now: 5_000 }
    within(
      path,
      ({ peers }) => {
        peers.announce(infoHash(1), numbered4(3, { at: 5_001 }))
        assert.deepEqual(
          Array.from(peers.all(infoHash(1), 4), (peer) => peer.refreshedAt),
          [1_000, 5_000, 5_001],
        )
        assert.equal(peers.expire(5_001, 10), 2)
      },
      options,
    )
    within(path, ({ peers }) => assert.equal(peers.size.peers, 1))
  })

  test('takes no more than its bounds allow now, and removes the surplus from the file', () => {
    const path = newPath()
    within(path, ({ peers }) => {
      for (let i = 0; i < 20; i++) peers.announce(infoHash(i), numbered4(i << 8, { at: i }))
    })
    within(path, ({ peers }) => assert.equal(peers.size.peers, 5), { peerLimits: { maxPeers: 5 } })
    within(path, ({ peers }) => assert.equal(peers.size.peers, 5))
  })

  test('counts the sources of the peers it has read', () => {
    const path = newPath()
    within(path, ({ peers }) => peers.announce(infoHash(1), peer4('10.0.0.1', 1)))
    within(
      path,
      ({ peers }) =>
        assert.deepEqual(peers.announce(infoHash(2), peer4('10.0.0.1', 1)), {
          stored: false,
          why: 'too-many-from-ip',
        }),
      { peerLimits: { maxPerIp: 1 } },
    )
  })
})

describe('The file of an SQLite store', () => {
  test('is made with its folders, for its owner only, and leaves no side files when closed', () => {
    const deep = join(folder, 'a', 'b')
    const path = join(deep, 'node.sqlite')
    within(path, (store) => {
      store.state.saveIdentity('v4', infoHash(1))
      store.commit()
      for (const name of readdirSync(deep)) {
        if (process.platform !== 'win32') assert.equal(statSync(join(deep, name)).mode & 0o777, 0o600, name)
      }
      assert.ok(!existsSync(`${path}-shm`))
    })
    assert.deepEqual(readdirSync(deep), ['node.sqlite'])
  })

  test('survives with synchronous=FULL too, when asked to outlive a power cut', () => {
    const path = newPath()
    within(path, ({ state }) => state.saveIdentity('v4', infoHash(8)), { durability: 'power-cut' })
    within(path, ({ state }) => assert.deepEqual(state.identity('v4'), new Uint8Array(infoHash(8))))
  })

  test('may have any name, also one that SQLite would take as an address', () => {
    for (const name of [
      'file:x?mode=memory',
      'a b#c%20.sqlite',
      'ünï ?immutable=1',
      'tab\tline\nback\\slash%5C',
    ]) {
      const path = join(folder, name)
      within(path, ({ state }) => state.saveIdentity('v4', infoHash(8)))
      within(path, ({ state }) => assert.deepEqual(state.identity('v4'), new Uint8Array(infoHash(8)), name))
      assert.ok(existsSync(path), name)
    }
  })
})
