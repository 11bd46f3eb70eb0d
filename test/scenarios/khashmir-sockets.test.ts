// Khashmir as its user holds it, on real sockets of loopback: what the tests of the original do, and what they leave out.
// What takes hours is in the other scenarios of khashmir, in virtual time.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test, type TestContext } from 'node:test'
import { Khashmir, openSqliteStore, toHex, type KhashmirOptions, type Store } from '../../src/index.ts'
import { SeededRandom } from '../../src/simulator/seeded-random.ts'

const folder = mkdtempSync(join(tmpdir(), 'xorbit-khashmir-'))
const open = new Set<Khashmir>()
/** By file. */
const stores = new Map<string, Store>()
after(async () => {
  await Promise.all([...open].map((node) => node.close()))
  for (const store of stores.values()) store.close()
  rmSync(folder, { recursive: true })
})

/** Who is dead is given up sooner than after 9 s, and yet nobody is who only waits for a loaded machine. */
const QUICK = { resendAfterMs: [400, 1_200], requestTimeoutMs: 3_000 }

async function node(options: KhashmirOptions = {}): Promise<Khashmir> {
  const opened = await Khashmir.open({
    host: '127.0.0.1',
    port: 0,
    bootstrap: 'none',
    parameters: QUICK,
    ...options,
  })
  open.add(opened)
  return opened
}

/** Closes it. It says nothing to anybody: to the others it is dead. */
async function close(closing: Khashmir): Promise<void> {
  open.delete(closing)
  await closing.close()
}

const addressOf = ({ addresses }: Khashmir): string => `127.0.0.1:${addresses[0]!.port}`

function fileStore(file: string): Store {
  const store = openSqliteStore(file)
  stores.set(file, store)
  return store
}

/** Key, value and time of the last refresh of all that is in it. */
function heldIn({ values }: Store): string[] {
  return [...values.all()].map(({ key, value, refreshedAt }) => `${toHex(key)} ${text(value)} ${refreshedAt}`)
}

const keptBy = (node: Khashmir): string[] =>
  node
    .stored()
    .map(({ key, value }) => `${key} ${text(value)}`)
    .toSorted()

/** Nodes that join one after the other through a random one of those before. */
async function network(
  count: number,
  random: SeededRandom,
  optionsOf: (index: number) => KhashmirOptions = () => ({}),
): Promise<Khashmir[]> {
  const nodes = [await node(optionsOf(0))]
  while (nodes.length < count) {
    const next = await node({ bootstrap: [addressOf(random.pick(nodes))], ...optionsOf(nodes.length) })
    assert.equal((await next.join()).via, 'bootstrap')
    nodes.push(next)
  }
  return nodes
}

async function valuesOf(asker: Khashmir, key: Uint8Array): Promise<string[]> {
  const values: string[] = []
  for await (const batch of asker.values(key)) for (const value of batch) values.push(text(value))
  return values.toSorted()
}

const text = (value: Uint8Array): string => Buffer.from(value).toString()

/** The dice of a test. XORBIT_SEED gives others. */
function dice(context: TestContext): SeededRandom {
  const seed = Number(process.env['XORBIT_SEED'] ?? 2008)
  context.diagnostic(`seed ${seed}: repeat it with XORBIT_SEED=${seed}`)
  return new SeededRandom(seed, context.name)
}

const KEYS = 10
const TIMES = 3

/** Values under ten random keys, each stored three times by random nodes. */
async function storeTenKeys(nodes: readonly Khashmir[], random: SeededRandom): Promise<Map<string, string>> {
  const stored = new Map<string, string>()
  const storing: Promise<void>[] = []
  for (let i = 0; i < KEYS; i++) {
    const key = random.bytes(20)
    const value = `${i} ${toHex(random.bytes(10))}`
    stored.set(toHex(key), value)
    for (const storer of random.sample(nodes, TIMES)) {
      const check = storer.store(key, value).then((report) => {
        assert.equal(report.stored, 6, `key ${i}: ${JSON.stringify(report)}`)
      })
      storing.push(check)
    }
  }
  await Promise.all(storing)
  return stored
}

/** Random nodes that do not keep a value themselves find it, each time that value alone. */
async function findTenKeys(
  nodes: readonly Khashmir[],
  stored: ReadonlyMap<string, string>,
  random: SeededRandom,
): Promise<void> {
  const asking = [...stored].flatMap(([key, value]) => {
    const others = nodes.filter((each) => each.stored().every((kept) => kept.key !== key))
    return random.sample(others, TIMES).map(async (asker) => {
      assert.deepEqual(await valuesOf(asker, Buffer.from(key, 'hex')), [value])
    })
  })
  await Promise.all(asking)
}

describe('Khashmir nodes on real sockets (khashmir A3, A7)', () => {
  test('two have each other as their one contact once one has joined through the other', async () => {
    const a = await node()
    const b = await node({ bootstrap: [addressOf(a)] })
    const added = new Promise((resolve) => a.on('contactAdded', resolve))
    const report = await b.join()
    assert.deepEqual(report.seenAs, { host: '127.0.0.1', port: b.addresses[0]!.port })
    await added
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      assert.deepEqual(
        one.contacts().map(({ id, address }) => [toHex(id), address.port]),
        [[toHex(other.id), other.addresses[0]!.port]],
      )
    }
  })

  test('what one of two stores the other retrieves, and the other way round', async () => {
    const a = await node()
    const b = await node({ bootstrap: [addressOf(a)] })
    await b.join()
    const key = Buffer.alloc(20, 7)
    // Both of them hold it: our own node is one of the closest.
    assert.equal((await a.store(key, 'foobar')).stored, 2)
    assert.deepEqual(await valuesOf(b, key), ['foobar'])
    assert.equal((await b.store(key, 'barfoo')).stored, 2)
    assert.deepEqual(await valuesOf(a, key), ['barfoo', 'foobar'])
    assert.deepEqual(
      (await a.holders(key)).map(({ count }) => count),
      [2, 2],
    )
  })

  test('one that is alone stores and finds its own values', async () => {
    const alone = await node()
    await alone.join()
    const key = Buffer.alloc(20, 9)
    const report = await alone.store(key, 'mine')
    assert.deepEqual(
      report.accepted.map(({ host }) => host),
      ['self'],
    )
    assert.deepEqual(await valuesOf(alone, key), ['mine'])
    const [holder] = await alone.holders(key)
    assert.deepEqual([holder!.contact.address.host, holder!.count], ['self', 1])
  })

  test('of twenty, what random ones store under ten keys random others find, three times each', async (context) => {
    const random = dice(context)
    const nodes = await network(20, random)
    await findTenKeys(nodes, await storeTenKeys(nodes, random), random)
  })

  test('of twenty they find it too when a fifth has died without a word', async (context) => {
    const random = dice(context)
    const nodes = await network(20, random)
    const dead = random.sample(nodes, 4)
    await Promise.all(dead.map(close))
    const living = nodes.filter((each) => !dead.includes(each))
    const stored = await storeTenKeys(living, random)
    await findTenKeys(living, stored, random)
    const later = random.sample(living, 3)
    await Promise.all(later.map(close))
    const left = living.filter((each) => !later.includes(each))
    await findTenKeys(left, stored, random)
  })

  test('half of them come back from their files with id, contacts and values, refreshed when they were', async (context) => {
    const random = dice(context)
    const fileOf = (index: number): string => join(folder, `${index}.sqlite`)
    const nodes = await network(20, random, (index) => ({ store: fileStore(fileOf(index)) }))
    const stored = await storeTenKeys(nodes, random)
    let held = 0
    for (const old of random.sample(nodes, 10)) {
      const index = nodes.indexOf(old)
      const before = { id: toHex(old.id), kept: keptBy(old), values: heldIn(stores.get(fileOf(index))!) }
      held += before.values.length
      const { port } = old.addresses[0]!
      await close(old)
      stores.get(fileOf(index))!.close()
      const store = fileStore(fileOf(index))
      const again = await node({ store, port })
      assert.deepEqual({ id: toHex(again.id), kept: keptBy(again), values: heldIn(store) }, before)
      nodes[index] = again
      assert.equal((await again.join()).via, 'table')
    }
    assert.ok(held > 0)
    await findTenKeys(nodes, stored, random)
  })
})
