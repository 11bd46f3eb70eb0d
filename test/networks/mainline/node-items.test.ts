// Items as a user of the library holds them, on real sockets and real files. What takes hours is in test/scenarios.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  createMemoryStore,
  formatTorrentLink,
  generateKeyPair,
  keyPairFrom,
  Mainline,
  openSqliteStore,
  StoreError,
  toHex,
  type MainlineOptions,
} from '../../../src/index.ts'
import { mutableTarget } from '../../../src/networks/mainline/items/item.ts'

const CHILD = fileURLToPath(new URL('publishing-child.ts', import.meta.url))

const open: Mainline[] = []
const folder = mkdtempSync(join(tmpdir(), 'xorbit-items-'))
after(async () => {
  await Promise.all(open.map((node) => node.close()))
  rmSync(folder, { recursive: true })
})

async function node(options: MainlineOptions = {}): Promise<Mainline> {
  const opened = await Mainline.open({ host: '127.0.0.1', port: 0, bootstrap: 'none', ...options })
  open.push(opened)
  return opened
}

function addressOf({ addresses }: Mainline): string {
  return `${addresses[0]!.host}:${addresses[0]!.port}`
}

async function network(count: number): Promise<Mainline[]> {
  const nodes = [await node()]
  while (nodes.length < count) {
    const next = await node({ bootstrap: [addressOf(nodes[0]!)] })
    await next.join()
    nodes.push(next)
  }
  return nodes
}

describe('A user of items', () => {
  test('puts a value and gets it by the report, by its key, as bytes and as hex', async () => {
    const [writer, ...readers] = await network(9)
    const key = await writer!.put('Hello World!')
    assert.equal(key.key, 'e5f96f6f38320f0f33959cb4d3d656452117aadb')
    assert.equal(key.stored, 8)
    for (const form of [key, key.key, Buffer.from(key.key, 'hex')]) {
      assert.equal((await readers[3]!.get(form))?.value, 'Hello World!')
    }
    assert.equal(await readers[3]!.get('00'.repeat(20)), null)
  })

  test('publishes and resolves text, bytes, numbers, lists, objects and what JSON has beside them', async () => {
    const [writer, reader] = (await network(6)) as [Mainline, Mainline]
    const keyPair = generateKeyPair()
    const values = [
      'text',
      Uint8Array.of(0xff, 0xfe, 0),
      -42,
      2n ** 62n,
      ['a', 1, ['b']],
      { mood: 'fine', list: [1, 2] },
      { online: true, ratio: 0.5, nothing: null },
    ]
    for (const [index, value] of values.entries()) {
      const report = await writer.publish('status', value, { keyPair })
      assert.deepEqual([report.seq, report.stored], [BigInt(index + 1), 6])
      const found = await reader.resolve(keyPair.publicKey, 'status')
      assert.deepEqual(found?.value, value)
      assert.equal(found?.seq, report.seq)
    }
  })

  test('hears at once what is wrong with an argument, and nothing is sent', async () => {
    const alone = await node()
    const keyPair = generateKeyPair()
    const refused = (work: Promise<unknown>, message: RegExp): Promise<void> =>
      assert.rejects(work, (error: Error & { code?: string }) => {
        assert.match(error.message, message)
        return error.code !== undefined
      })
    await refused(alone.put('x'.repeat(1_000)), /1005 bytes.*at most 1000/)
    await refused(alone.put(undefined as never), /value/)
    await refused(alone.put('x', { keepalive: true } as never), /unknown option "keepalive"/)
    await refused(alone.get('abc'), /^key: expected 40 hex digits/)
    await refused(alone.publish('n'.repeat(65), 1, { keyPair }), /^name: .*at most 64 bytes, got 65 bytes/)
    await refused(alone.publish('n', 1, {} as never), /^keyPair: /)
    await refused(alone.publish('n', 1, undefined as never), /^keyPair: /)
    await refused(
      alone.publish('n', 1, { keyPair, cas: -1 }),
      /^cas: expected a whole number from 0 to 2\^63/,
    )
    await refused(alone.publish('n', 1, { keyPair, seq: 2n ** 63n }), /^seq: /)
    await refused(alone.publish('n', 1, { keyPair, seq: 0.5 }), /^seq: /)
    await refused(alone.resolve(new Uint8Array(31)), /^publicKey: expected 32 bytes or 64 hex digits, got 31/)
    await refused(alone.resolve(keyPair.publicKey, '', { mode: 'last' as never }), /^mode: .*'latest'/)
    await refused(alone.watchOver('zz'), /^publicKey: /)
    assert.deepEqual(alone.kept(), [])
  })

  test('alone in the world stores with itself, and stops when told', async () => {
    const alone = await node()
    const keyPair = generateKeyPair()
    const { stored, accepted } = await alone.publish('', 'mine', { keyPair })
    assert.deepEqual([stored, accepted], [1, [{ host: 'self', port: 0 }]])
    assert.equal((await alone.resolve(keyPair.publicKey))?.value, 'mine')
    await assert.rejects(alone.put('x', { signal: AbortSignal.abort(new Error('enough')) }), /enough/)
    await alone.close()
    await assert.rejects(alone.put('x'), { code: 'closed' })
    assert.throws(() => alone.unput('00'.repeat(20)), { code: 'closed' })
  })

  test('finds after a restart what the file held, and what is kept alive goes on (B44-19)', async () => {
    const store = join(folder, 'node.sqlite')
    const keyPair = generateKeyPair()
    const first = await node({ store })
    await first.publish('status', 'kept', { keyPair, seq: 2n ** 53n + 1n })
    await first.put('also kept')
    await first.close()
    const second = await node({ store, publishIntervalMs: 200 })
    const found = await second.resolve(keyPair.publicKey, 'status', { mode: 'first' })
    assert.deepEqual([found?.value, found?.seq], ['kept', 2n ** 53n + 1n])
    assert.deepEqual(
      second
        .kept()
        .map(({ kind }) => kind)
        .toSorted(),
      ['publish', 'put'],
    )
    const kinds = new Set<string>()
    await new Promise<void>((resolve) => {
      second.on('republished', ({ kind, stored }) => {
        assert.equal(stored, 1)
        kinds.add(kind)
        if (kinds.size === 2) resolve()
      })
    })
    const older = await second.publish('status', 'older', { keyPair, seq: 5 })
    assert.deepEqual(
      older.refused.map(({ code }) => code),
      [302],
    )
  })
})

describe('A user of items whose store fails', () => {
  test('hears of it where something was promised, reads on, and has kept the promise when it works again', async () => {
    const memory = createMemoryStore({ unlimitedPerIp: true })
    const committed: string[] = []
    let works = true
    const store = {
      peers: memory.peers,
      records: memory.records,
      values: memory.values,
      state: memory.state,
      close: () => {},
      commit: () => {
        if (!works) throw new StoreError('write-failed', 'the disk is full')
        committed.splice(0, Infinity, ...memory.state.commitments().map(({ kind }) => kind))
      },
    }
    const [other] = (await network(3)) as [Mainline]
    const writer = await node({ store, bootstrap: [addressOf(other)] })
    await writer.join()
    const warnings: unknown[] = []
    writer.on('warning', ({ error }) => warnings.push(error))
    const keyPair = generateKeyPair()
    works = false
    const failed = { name: 'StoreError', code: 'write-failed' }
    await assert.rejects(writer.publish('status', 'promised', { keyPair }), failed)
    await assert.rejects(writer.put('promised too'), failed)
    await assert.rejects(writer.watchOver(keyPair.publicKey, 'status'), failed)
    await assert.rejects(writer.announce('ab'.repeat(20), { port: 1 }), failed)
    assert.equal((await writer.resolve(keyPair.publicKey, 'status'))?.value, 'promised')
    assert.equal((await other.resolve(keyPair.publicKey, 'status'))?.value, 'promised')
    assert.ok(warnings.length > 0)
    assert.deepEqual(committed, [])
    works = true
    await writer.publish('another', 1, { keyPair, keepAlive: false })
    assert.deepEqual(new Set(committed), new Set(['announce', 'publish', 'put', 'watch']))
  })
})

describe('A user of items whose process is killed', () => {
  test('finds every promise again that was made by then, and what was seen (B44-19, T13)', async () => {
    const [other] = (await network(4)) as [Mainline]
    const store = join(folder, 'killed.sqlite')
    const secret = toHex(generateKeyPair().secretKey)
    const { publicKey } = keyPairFrom(secret)
    const child = spawn(process.execPath, [CHILD, store, addressOf(other), secret], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit')
    let published = 0
    for await (const line of createInterface({ input: child.stdout })) {
      published = Number(line)
      if (published >= 40) child.kill('SIGKILL')
    }
    await ended
    const reopened = openSqliteStore(store)
    after(() => reopened.close())
    const again = await node({ store: reopened })
    const promised = new Map(again.kept().map(({ kind, name, seq }) => [`${kind} ${name}`, seq]))
    assert.ok(published >= 40)
    for (let count = 1; count <= published; count++) {
      assert.equal(promised.get(`publish name ${count}`), 1n, `name ${count}`)
    }
    // What was published again and again under one name is not forgotten: nothing older is believed, though nobody tells.
    assert.ok(promised.get('publish counter')! >= BigInt(published))
    const target = mutableTarget(publicKey, new TextEncoder().encode('seen'))
    assert.equal(reopened.records.newest(target)?.version, 9n)
  })
})

describe('A user of torrents that change (BEP 46)', () => {
  test('publishes an infohash, gives out the link, and whoever has it finds the newest (B46-01, B46-02)', async () => {
    const [writer, reader] = (await network(4)) as [Mainline, Mainline]
    const keyPair = generateKeyPair()
    const salt = new TextEncoder().encode('nightly')
    const link = formatTorrentLink({ publicKey: keyPair.publicKey, salt })
    assert.equal(await reader.resolveTorrent(link), null)
    for (const infoHash of ['aa'.repeat(20), 'bb'.repeat(20)]) {
      await writer.publishTorrent('nightly', infoHash, { keyPair })
      assert.equal((await reader.resolveTorrent(link))?.infoHash, infoHash)
    }
    await writer.publish('nightly', 'no torrent', { keyPair })
    assert.equal(await reader.resolveTorrent(link), null)
    await assert.rejects(reader.resolveTorrent('magnet:?xt=urn:btih:aa'), { code: 'bad-argument' })
    await assert.rejects(writer.publishTorrent('n', 'abc', { keyPair }), /^XorbitError: infoHash: /)
  })
})

describe('A user who counts', () => {
  test('learns how many seeds and peers a swarm has (BEP 33), and which infohashes there are (BEP 51)', async () => {
    const nodes = await network(10)
    const hashes = ['a1', 'b2', 'c3'].map((byte) => byte.repeat(20))
    for (const [index, infoHash] of hashes.entries()) {
      await nodes[index]!.announce(infoHash, { port: 4_000 + index, seed: index === 0 })
    }
    const [seeded, other] = await Promise.all([nodes[5]!.scrape(hashes[0]!), nodes[5]!.scrape(hashes[1]!)])
    assert.deepEqual([seeded.seeds, seeded.peers, other.seeds, other.peers], [1, 0, 0, 1])
    assert.ok(seeded.holders >= 7)
    const found = new Set<string>()
    const survey = nodes[6]!.sample({ queriesPerSecond: 1_000 })
    for await (const { infoHash } of survey) found.add(toHex(infoHash))
    assert.deepEqual([...found].toSorted(), hashes)
    const { asked, supporting } = await survey.outcome
    assert.deepEqual([asked, supporting], [9, 9])
  })
})

describe('A node at several addresses', () => {
  test('listens at each of them on one port, one socket an IP (B45-05)', async () => {
    const several = await node({ host: ['127.0.0.1', '127.0.0.2', '127.0.0.3'] })
    const [first, second, third] = several.addresses
    assert.deepEqual(
      several.addresses.map(({ host }) => host),
      ['127.0.0.1', '127.0.0.2', '127.0.0.3'],
    )
    assert.ok(first!.port === second!.port && second!.port === third!.port)
    const other = await node()
    const ids = await Promise.all(several.addresses.map(async (each) => (await other.ping(each)).id))
    assert.deepEqual(
      ids.map((id) => Buffer.from(id).toString('hex')),
      several.stats().families.map(({ id }) => id),
    )
  })
})
