// One network on loopback of three kinds of nodes, ten of ours, six of bittorrent-dht and four of libtorrent: each puts,
// publishes and announces, and each reads what every other has stored.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Mainline, type KeyPair } from '../../src/index.ts'
import { BittorrentDht } from './bittorrent-dht.ts'
import { expandedKeyPair, keyOf } from './direct-puts.ts'
import { Libtorrent, withoutLibtorrent } from './libtorrent.ts'
import { endpointOf, peersOf, randomInfoHash, textOf } from './xorbit-network.ts'

const skip = withoutLibtorrent()

const COUNTS = { xorbit: 10, 'bittorrent-dht': 6, libtorrent: 4 } as const
const NAME = 'a name'
/** Of the eight closest or more, some may be libtorrent itself, or not have been found. */
const ENOUGH = 5

type Kind = keyof typeof COUNTS

/** What the test needs of a node of any kind. Values are text, names may be ''. */
interface Member {
  readonly kind: Kind
  readonly endpoint: string
  /** Its key. */
  put(value: string): Promise<string>
  publish(keyPair: KeyPair, name: string, value: string): Promise<void>
  /** 'HOST:PORT' of the peer that it announced. */
  announce(infoHash: string, port: number): Promise<string>
  get(key: string): Promise<string | null>
  /** The newest with its seq. */
  resolve(keyPair: KeyPair, name: string): Promise<string | null>
  peers(infoHash: string): Promise<readonly string[]>
  /** Fails the test where it has found fault with what it received. */
  findsNoFault(): Promise<void>
}

function xorbit(node: Mainline): Member {
  return {
    kind: 'xorbit',
    endpoint: endpointOf(node),
    put: async (value) => (await node.put(value)).key,
    publish: async (keyPair, name, value) => {
      const { stored } = await node.publish(name, value, { keyPair })
      assert.ok(stored >= ENOUGH)
    },
    announce: async (infoHash, port) => {
      assert.ok((await node.announce(infoHash, { port })).stored >= ENOUGH)
      return `127.0.0.1:${port}`
    },
    get: async (key) => (await node.get(key))?.text ?? null,
    resolve: async ({ publicKey }, name) => {
      const item = await node.resolve(publicKey, name)
      return item === null ? null : `${item.seq} ${item.text}`
    },
    peers: (infoHash) => peersOf(node, infoHash),
    findsNoFault: async () => {
      // An answer that comes late, or twice because we asked twice, is no fault of anybody's.
      const { 'unknown-transaction': _late, ...faults } = node.stats().families[0]!.dropped
      assert.deepEqual(faults, {})
    },
  }
}

function bittorrentDht(node: BittorrentDht): Member {
  return {
    kind: 'bittorrent-dht',
    endpoint: node.endpoint,
    put: async (value) => (await node.put(value)).key,
    publish: async (keyPair, name, value) => {
      const { stored } = await node.put(value, { keyPair, seq: 1, ...(name === '' ? {} : { salt: name }) })
      assert.ok(stored >= ENOUGH)
    },
    announce: async (infoHash, port) => {
      assert.ok((await node.announce(infoHash, port)) >= ENOUGH)
      return `127.0.0.1:${port}`
    },
    get: async (key) => ((await node.get(key))?.value as string | undefined) ?? null,
    resolve: async (keyPair, name) => {
      const item = await node.get(keyOf(keyPair, name), name === '' ? undefined : name)
      return item === null ? null : `${item.seq} ${String(item.value)}`
    },
    peers: (infoHash) => node.peersOf(infoHash),
    findsNoFault: async () => {
      const late = /^(?:Unexpected transaction id|Out of order response)/
      assert.deepEqual(
        node.warnings.filter((warning) => !late.test(warning)),
        [],
      )
    },
  }
}

function libtorrent(session: Libtorrent): Member {
  const endpoint = textOf({ host: '127.0.0.1', port: session.port })
  return {
    kind: 'libtorrent',
    endpoint,
    put: async (value) => (await session.put(value)).target,
    publish: async (keyPair, name, value) => {
      assert.ok((await session.publish(keyPair, value, name)).by.length >= ENOUGH)
    },
    announce: async (infoHash) => {
      await session.announceSomewhere(infoHash, ENOUGH)
      return endpoint
    },
    get: async (key) => (await session.get(key))?.text ?? null,
    resolve: async (keyPair, name) => {
      const item = await session.resolve(keyPair, name)
      return item === null ? null : `${item.seq} ${item.text}`
    },
    peers: async (infoHash) => (await session.peers(infoHash, 1)).map(textOf),
    findsNoFault: () => session.findsNoFault(),
  }
}

/** Each joins through one of the kind before it, or through the first. */
async function openNetwork(stack: AsyncDisposableStack): Promise<Member[]> {
  const members: Member[] = []
  for (let i = 0; i < COUNTS.xorbit; i++) {
    const bootstrap = i === 0 ? 'none' : [members[i - 1]!.endpoint]
    const node = stack.use(await Mainline.open({ host: '127.0.0.1', port: 0, bootstrap }))
    if (i > 0) await node.join()
    members.push(xorbit(node))
  }
  for (let i = 0; i < COUNTS['bittorrent-dht']; i++) {
    members.push(bittorrentDht(stack.use(await BittorrentDht.open([members[i]!.endpoint]))))
  }
  const its = members.slice(COUNTS.xorbit)
  const opening = Array.from({ length: COUNTS.libtorrent }, async (_, i) => {
    const session = await Libtorrent.open({ bootstrap: [its[i]!.endpoint] })
    stack.use(session)
    await session.bootstrapped()
    return libtorrent(session)
  })
  return [...members, ...(await Promise.all(opening))]
}

/** What one member has stored, and how another reads it. */
interface Stored {
  readonly by: Member
  readonly what: string
  readonly expected: string
  readonly read: (reader: Member) => Promise<string | null>
}

async function storeAll(by: Member, index: number): Promise<Stored[]> {
  const keyPair = expandedKeyPair()
  const infoHash = randomInfoHash()
  const value = `put by ${index}, ${by.kind}`
  const key = await by.put(value)
  await by.publish(keyPair, '', `${value}, signed`)
  await by.publish(keyPair, NAME, `${value}, named`)
  const peer = await by.announce(infoHash, 7_000 + index)
  const rest: Omit<Stored, 'by'>[] = [
    { what: 'value', expected: value, read: (reader) => reader.get(key) },
    { what: 'signed value', expected: `1 ${value}, signed`, read: (reader) => reader.resolve(keyPair, '') },
    { what: 'named value', expected: `1 ${value}, named`, read: (reader) => reader.resolve(keyPair, NAME) },
    { what: 'peer', expected: peer, read: async (reader) => (await reader.peers(infoHash)).join(' ') },
  ]
  return rest.map((each) => ({ by, ...each }))
}

describe('A network of ten nodes of ours, six of bittorrent-dht and four of libtorrent', { skip }, () => {
  test('every node reads what every other has put, signed, named and announced (B5-13, B5-20, B44-01…03, B44-16, B44-18)', async () => {
    await using stack = new AsyncDisposableStack()
    const members = await openNetwork(stack)
    assert.equal(members.length, 20)
    const stored = (await Promise.all(members.map(storeAll))).flat()
    assert.equal(stored.length, 4 * members.length)

    const missed: string[] = []
    const counts = new Map<string, number>()
    await Promise.all(
      members.map(async (reader, index) => {
        for (const { by, what, expected, read } of stored) {
          const found = await read(reader)
          const kinds = `${what} of ${by.kind} by ${reader.kind}`
          if (found !== expected) missed.push(`${kinds} (${index}): ${found} instead of ${expected}`)
          else counts.set(kinds, (counts.get(kinds) ?? 0) + 1)
        }
      }),
    )
    assert.deepEqual(missed, [])
    // 4 things, 3 kinds of writers, 3 kinds of readers; 1600 reads.
    assert.equal(counts.size, 36)
    assert.equal(
      counts.values().reduce((sum, count) => sum + count),
      stored.length * members.length,
    )
  })
})
