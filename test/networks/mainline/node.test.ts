// The library as its user holds it: Mainline on real sockets of loopback. What takes hours is in test/scenarios.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { createMemoryStore, idFromHex, Mainline, openSqliteStore, StoreError } from '../../../src/index.ts'
import { toHex, TransportError } from '../../../src/index.ts'
import type { MainlineOptions } from '../../../src/index.ts'

const open: Mainline[] = []
const folder = mkdtempSync(join(tmpdir(), 'xorbit-node-'))
after(async () => {
  await Promise.all(open.map((node) => node.close()))
  rmSync(folder, { recursive: true })
})

async function node(options: MainlineOptions = {}): Promise<Mainline> {
  const opened = await Mainline.open({ host: '127.0.0.1', port: 0, bootstrap: 'none', ...options })
  open.push(opened)
  return opened
}

const addressOf = ({ addresses }: Mainline): string => `127.0.0.1:${addresses[0]!.port}`

async function network(count: number): Promise<Mainline[]> {
  const first = await node()
  const nodes = [first]
  while (nodes.length < count) {
    const next = await node({ bootstrap: [addressOf(first)] })
    assert.equal((await next.join()).via, 'bootstrap')
    nodes.push(next)
  }
  return nodes
}

const INFO_HASH = 'c1'.repeat(20)

async function peersOf(seeker: Mainline, infoHash = INFO_HASH): Promise<string[]> {
  const found: string[] = []
  for await (const { host, port } of seeker.peers(infoHash)) found.push(`${host}:${port}`)
  return found.sort()
}

/** What a second reader of the file sees; it runs elsewhere, because closing a file here would drop our lock on it. */
function committedCommitments(store: string): number {
  const script = `
    const { DatabaseSync } = require('node:sqlite')
    const copy = process.argv[1] + '.copy'
    for (const end of ['', '-wal']) require('node:fs').copyFileSync(process.argv[1] + end, copy + end)
    console.log(new DatabaseSync(copy).prepare('SELECT count(*) AS n FROM commitments').get().n)`
  return Number(execFileSync(process.execPath, ['-e', script, store], { encoding: 'utf8' }))
}

describe('A network of mainline nodes', () => {
  test('what one announces every other finds, each peer once, and the stream ends by itself', async () => {
    const nodes = await network(12)
    const [first, second] = [
      await nodes[3]!.announce(INFO_HASH, { port: 8001 }),
      await nodes[7]!.announce(INFO_HASH, { port: 8002 }),
    ]
    for (const { key, stored, asked, accepted, refused } of [first, second]) {
      assert.deepEqual(
        { key, stored, asked, accepted: accepted.length, refused },
        { key: INFO_HASH, stored: 8, asked: 8, accepted: 8, refused: [] },
      )
    }
    for (const seeker of nodes) {
      assert.deepEqual(await peersOf(seeker), ['127.0.0.1:8001', '127.0.0.1:8002'])
    }
    const stream = nodes[1]!.peers(INFO_HASH)
    const { found, failed } = await stream.outcome
    assert.deepEqual({ found, failed }, { found: 2, failed: 0 })
  })

  test('closest gives the k nearest live nodes, nearest first, and tells each hop of the way', async () => {
    const nodes = await network(11)
    const target = nodes[4]!.id
    const hops: number[] = []
    const closest = await nodes[9]!.closest(target, { onHop: ({ sharedBits }) => hops.push(sharedBits) })
    assert.equal(closest.length, 8)
    assert.deepEqual(toHex(closest[0]!.id), toHex(target))
    assert.ok(hops.length >= 8 && hops.includes(160))
  })

  test('an announce that takes our UDP port stores the port that others see', async () => {
    const [first, second] = await network(2)
    await second!.announce(INFO_HASH, { impliedPort: true, seed: true })
    assert.deepEqual(await peersOf(first!), [addressOf(second!)])
  })

  test('unannounce ends the promise and takes it out of our own store', async () => {
    const alone = await node()
    const report = await alone.announce(INFO_HASH, { port: 9 })
    assert.deepEqual(
      report.accepted.map(({ host }) => host),
      ['self'],
    )
    assert.deepEqual(alone.announced(), [{ infoHash: INFO_HASH, port: 9 }])
    assert.deepEqual(await peersOf(alone), ['127.0.0.1:9'])
    assert.equal(alone.unannounce(INFO_HASH), true)
    assert.equal(alone.unannounce(INFO_HASH), false)
    assert.deepEqual(alone.announced(), [])
    assert.deepEqual(await peersOf(alone), [])
  })

  test('who is asked right after it was opened joins first, and does not say that nothing is there', async () => {
    const nodes = await network(9)
    await nodes[4]!.announce(INFO_HASH, { port: 8001 })
    const fresh = (): Promise<Mainline> => node({ bootstrap: [addressOf(nodes[0]!)] })
    assert.deepEqual(await peersOf(await fresh()), ['127.0.0.1:8001'])
    assert.equal((await (await fresh()).closest(INFO_HASH)).length, 8)
    assert.equal((await (await fresh()).announce(INFO_HASH, { port: 8002 })).stored, 8)
    const leaving = (await fresh()).peers('dd'.repeat(20))
    await leaving.return()
    assert.equal((await leaving.outcome).found, 0)
    const control = new AbortController()
    const walk = (await fresh()).closest(INFO_HASH, { signal: control.signal })
    control.abort(new Error('enough'))
    await assert.rejects(walk, /enough/)
  })

  test('B43-01 a read-only node finds and announces, answers nothing and enters no table', async () => {
    const nodes = await network(4)
    const reader = await node({ bootstrap: [addressOf(nodes[0]!)], readOnly: true })
    await reader.join()
    assert.equal((await reader.announce(INFO_HASH, { port: 77, keepAlive: false })).stored, 4)
    assert.deepEqual(await peersOf(nodes[2]!), ['127.0.0.1:77'])
    await assert.rejects(
      nodes[1]!.ping(addressOf(reader), { signal: AbortSignal.timeout(300) }),
      /TimeoutError|no-answer/,
    )
    for (const each of nodes) assert.ok(!each.contacts().some(({ id }) => toHex(id) === toHex(reader.id)))
  })

  test('B32-01 two families are two tables, two ids and two sets of peers in one node', async () => {
    const hosts = ['127.0.0.1', '::1']
    const first = await node({ host: hosts })
    const { port } = first.addresses[0]!
    assert.deepEqual(first.addresses, [
      { host: '127.0.0.1', port },
      { host: '::1', port },
    ])
    const second = await node({ host: hosts, bootstrap: [`127.0.0.1:${port}`, `[::1]:${port}`] })
    await second.join()
    assert.notDeepEqual(first.id, first.id6)
    assert.equal((await second.announce(INFO_HASH, { port: 5 })).asked, 4)
    assert.deepEqual(await peersOf(first), ['127.0.0.1:5', '::1:5'])
    assert.deepEqual(
      first.stats().families.map(({ family, contacts }) => [family, contacts]),
      [
        [4, 1],
        [6, 1],
      ],
    )
  })
})

describe('An operation on a node', () => {
  test('is stopped by its signal, before it begins and under way', async () => {
    const [first] = await network(3)
    const aborted = AbortSignal.abort(new Error('enough'))
    assert.throws(() => first!.peers(INFO_HASH, { signal: aborted }), /enough/)
    await assert.rejects(first!.announce(INFO_HASH, { port: 1, signal: aborted }), /enough/)
    await assert.rejects(first!.closest(INFO_HASH, { signal: aborted }), /enough/)
    const control = new AbortController()
    const walk = first!.closest(INFO_HASH, { signal: control.signal })
    control.abort(new Error('later'))
    await assert.rejects(walk, /later/)
    assert.equal(first!.stats().families[0]!.lookupsUnderWay, 0)
    assert.deepEqual(first!.announced(), [], 'an announce that was given up is not kept alive')
  })

  test('leaving the loop stops the traffic, and the outcome tells what was done until then', async () => {
    const nodes = await network(3)
    await nodes[1]!.announce(INFO_HASH, { port: 1 })
    const stream = nodes[2]!.peers(INFO_HASH)
    for await (const _ of stream) break
    assert.equal((await stream.outcome).found, 1)
    assert.equal(nodes[2]!.stats().families[0]!.lookupsUnderWay, 0)
  })

  test('asks one node directly; its error is a typed one with its code', async () => {
    const [first, second] = await network(2)
    const { contact, reply } = await first!.query(addressOf(second!), {
      method: 'get_peers',
      infoHash: INFO_HASH,
    })
    assert.deepEqual(toHex(contact.id), toHex(second!.id))
    assert.equal(reply.token?.length, 8)
    const forged = {
      method: 'announce_peer',
      infoHash: INFO_HASH,
      port: 1,
      token: new Uint8Array(8),
    } as const
    await assert.rejects(
      first!.query(contact, forged),
      (error: { code: string; details: { refusal: object } }) => {
        assert.equal(error.code, 'refused')
        assert.deepEqual((error.details.refusal as { code: number }).code, 203)
        return true
      },
    )
  })

  test('ping gives id and time, and a silent address is no-answer', async () => {
    const [first, second] = await network(2)
    const answer = await first!.ping(addressOf(second!))
    assert.deepEqual(toHex(answer.id), toHex(second!.id))
    assert.ok(answer.rttMs >= 0)
    const silent = createSocket('udp4')
    silent.bind(0, '127.0.0.1')
    await once(silent, 'listening')
    const quick = await node({ parameters: { requestTimeoutMs: 50, resendAfterMs: [] } })
    await assert.rejects(quick.ping({ host: '127.0.0.1', port: silent.address().port }), {
      code: 'no-answer',
    })
    silent.close()
  })

  test('gives contacts that are copies, and nothing of the table with them', async () => {
    const [first, second] = await network(2)
    const [contact] = await first!.closest(INFO_HASH)
    assert.deepEqual(Object.keys(contact!), ['id', 'address'])
    assert.deepEqual(Object.keys(first!.contacts()[0]!), ['id', 'address'])
    const pinged = await first!.ping(addressOf(second!))
    assert.deepEqual((await first!.query(pinged, { method: 'ping' })).contact, contact)
    await assert.rejects(first!.query({ ...pinged, id: first!.id }, { method: 'ping' }), {
      code: 'no-answer',
    })
  })

  test('with wrong arguments is refused before anything is sent', async () => {
    const alone = await node()
    const misuse = (work: () => unknown, message: RegExp): Promise<void> =>
      assert.rejects(async () => void (await work()), { name: 'XorbitError', message })
    await misuse(
      () => alone.announce(INFO_HASH, { port: 1, keepalive: false } as never),
      /unknown option "keepalive"/,
    )
    await misuse(
      () => alone.announce(INFO_HASH, { port: 1, keepAlive: 'no' } as never),
      /^keepAlive: .*got "no"/,
    )
    await misuse(() => alone.announce(INFO_HASH, undefined as never), /^options: expected an object/)
    await misuse(() => alone.peers(INFO_HASH, { signal: {} } as never), /^signal: expected an AbortSignal/)
    await misuse(() => alone.query(addressOf(alone), null as never), /^query: /)
    await misuse(() => alone.ping(null as never), /^address: /)
    await misuse(() => alone.join(null as never), /^seeds: /)
    assert.deepEqual(alone.announced(), [])
    await assert.rejects(alone.announce(INFO_HASH, {} as never), { code: 'bad-argument', message: /^port: / })
    await assert.rejects(alone.announce('abc', { port: 1 }), /^XorbitError: infoHash: .*\(3 characters\)/)
    await assert.rejects(alone.ping('[::1]:6881'), { code: 'bad-argument', message: /address: .*IPv4/ })
    await assert.rejects(alone.join(['nobody']), { code: 'bad-argument' })
  })
})

describe('A node and its store', () => {
  test('B5-11 comes back with id, table and peers, and joins without any bootstrap node', async () => {
    const nodes = await network(6)
    const store = join(folder, 'returns.sqlite')
    const before = await node({ store, bootstrap: [addressOf(nodes[0]!)] })
    await before.join()
    await nodes[1]!.announce(INFO_HASH, { port: 31 })
    await before.announce('aa'.repeat(20), { port: 32 })
    const { id } = before
    await before.close()
    const back = await node({ store })
    assert.deepEqual(toHex(back.id), toHex(id))
    assert.equal((await back.join()).via, 'table')
    assert.equal(back.stats().stored.peers, 2)
    assert.deepEqual(back.announced(), [{ infoHash: 'aa'.repeat(20), port: 32 }])
    await back.close()
  })

  test('a store that another node has open, and a port that is taken, are typed errors that leave nothing open', async () => {
    const store = join(folder, 'one.sqlite')
    const owner = await node({ store })
    await assert.rejects(node({ store }), (error) => error instanceof StoreError && error.code === 'in-use')
    const { port } = owner.addresses[0]!
    const other = join(folder, 'other.sqlite')
    await assert.rejects(
      node({ port, store: other }),
      (error) =>
        error instanceof TransportError &&
        error.code === 'address-in-use' &&
        error.message.includes(`${port}`),
    )
    await (await node({ store: other })).close()
  })

  test('close may be called twice, ends what is under way, and everything after it is a typed error', async () => {
    const [first, second] = await network(2)
    const underWay = [
      first!.closest(INFO_HASH),
      first!.peers(INFO_HASH).outcome,
      first!.announce(INFO_HASH, { port: 1 }),
      first!.query(addressOf(second!), { method: 'ping' }),
    ]
    const ended = underWay.map((each: Promise<unknown>) => assert.rejects(each, { code: 'closed' }))
    await Promise.all([first!.close(), first!.close()])
    await Promise.all(ended)
    await assert.rejects(first!.announce(INFO_HASH, { port: 1 }), { code: 'closed' })
    assert.throws(() => first!.peers(INFO_HASH), { code: 'closed' })
    await second!.close()
  })

  test('an announce is kept alive from the moment that it resolves, and not when it was taken back meanwhile', async () => {
    const store = join(folder, 'promise.sqlite')
    const keeper = await node({ store })
    await keeper.announce(INFO_HASH, { port: 3 })
    // Another process sees what is committed, and nothing else.
    assert.equal(committedCommitments(store), 1)
    const taken = keeper.announce('bb'.repeat(20), { port: 4 })
    assert.equal(keeper.unannounce('bb'.repeat(20)), true)
    await taken
    assert.deepEqual(
      keeper.announced().map(({ infoHash }) => infoHash),
      [INFO_HASH],
    )
    await keeper.close()
  })

  test('B5-18 what expired while the node was away is gone before it serves anybody', async () => {
    const path = join(folder, 'away.sqlite')
    const infoHash = idFromHex(INFO_HASH, 20)
    const store = openSqliteStore(path)
    const minutesAgo = (minutes: number): number => Date.now() - 60_000 * minutes
    store.peers.announce(infoHash, {
      compact: Uint8Array.of(9, 9, 9, 9, 0, 1),
      seed: false,
      refreshedAt: minutesAgo(46),
    })
    store.peers.announce(infoHash, {
      compact: Uint8Array.of(9, 9, 9, 8, 0, 2),
      seed: false,
      refreshedAt: minutesAgo(44),
    })
    store.close()
    const back = await node({ store: path })
    assert.equal(back.stats().stored.peers, 1)
    assert.deepEqual(await peersOf(back), ['9.9.9.8:2'])
    await back.close()
  })

  test('a store that is closed under the node brings down neither node nor close', async () => {
    const store = createMemoryStore({ unlimitedPerIp: true })
    const [first] = await network(1)
    const victim = await node({ store, bootstrap: [addressOf(first!)] })
    await victim.join()
    const warnings: unknown[] = []
    victim.on('warning', ({ error }) => warnings.push(error))
    const { contact, reply } = await first!.query(addressOf(victim), {
      method: 'get_peers',
      infoHash: INFO_HASH,
    })
    store.close()
    const write = { method: 'announce_peer', infoHash: INFO_HASH, port: 1, token: reply.token! } as const
    await assert.rejects(first!.query(contact, write), { code: 'refused', message: /202/ })
    assert.ok(warnings.length > 0)
    const { port } = victim.addresses[0]!
    await victim.close()
    await (await node({ port })).close()
  })

  test('await using closes it', async () => {
    let port: number
    {
      await using scoped = await node()
      port = scoped.addresses[0]!.port
    }
    await (await node({ port })).close()
  })
})
