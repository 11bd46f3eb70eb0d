// Items of BEP 44 between libtorrent and xorbit, in both directions; what each refuses of the other, and what libtorrent
// does otherwise than BEP 44 says. It chooses `seq` itself and sends no `cas`; keys are expanded ones.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Mainline, toHex, type Address, type KeyPair } from '../../src/index.ts'
import { signedBytes } from '../../src/networks/mainline/items/item.ts'
import { sign } from '../../src/networks/mainline/keys/key-pair.ts'
import { expandedKeyPair, getFrom, keyOf, putOn } from './direct-puts.ts'
import { Libtorrent, ON_ONE_ADDRESS, withoutLibtorrent } from './libtorrent.ts'
import { hex, RawNode } from './raw-node.ts'
import { endpointOf, randomInfoHash, textOf, until, XorbitNetwork } from './xorbit-network.ts'

const skip = withoutLibtorrent()

/** None and one of other letters: what is signed differs (B44-03). */
const SALTS = ['', 'ein Näme'] as const

interface Both extends AsyncDisposable {
  /** Four of ours. */
  readonly ours: readonly Mainline[]
  readonly session: Libtorrent
  readonly its: Address
  /** Where ours are, sorted. */
  readonly endpoints: readonly string[]
}

/** Ready when all of ours know it, so that what they put is put on it, too. */
async function openBoth(): Promise<Both> {
  const stack = new AsyncDisposableStack()
  try {
    const xorbit = stack.use(await XorbitNetwork.open(4))
    const session = stack.use(await Libtorrent.open({ bootstrap: [endpointOf(xorbit.first)] }))
    await session.bootstrapped()
    const its = { host: '127.0.0.1', port: session.port }
    for (const node of xorbit.nodes) {
      await until(
        'libtorrent is in every table',
        () => node.contacts().map(({ address }) => textOf(address)),
        (contacts) => contacts.includes(textOf(its)),
      )
    }
    const endpoints = xorbit.endpoints.toSorted()
    return { ours: xorbit.nodes, session, its, endpoints, [Symbol.asyncDispose]: () => stack.disposeAsync() }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

describe('An immutable item between libtorrent and xorbit', { skip }, () => {
  test('that it put we get, from all of ours (B44-01, B44-15, B44-16)', async () => {
    await using both = await openBoth()
    for (const value of ['put by libtorrent', '', 7, -3, ['a', ['b', 1], {}], { a: [1], b: { c: 'x' } }]) {
      const { target, by } = await both.session.put(value)
      assert.deepEqual(by, both.endpoints)
      for (const node of both.ours) assert.deepEqual((await node.get(target))?.value, value)
    }
    await both.session.findsNoFault()
  })

  test('that we put it gets, of every kind (B44-01, B44-08)', async () => {
    await using both = await openBoth()
    for (const [value, shown] of [
      ['put by xorbit', null],
      ['', null],
      [-3, '-3'],
      [['a', 1], "[ 'a', 1 ]"],
      [{ a: [1] }, "{ 'a': [ 1 ] }"],
    ] as const) {
      const report = await both.ours[0]!.put(value)
      assert.deepEqual([report.stored, report.refused], [5, []])
      const item = await both.session.get(report.key)
      const seen = { text: item?.text, shown: item?.shown?.replaceAll(/\s+/g, ' ') ?? null }
      assert.deepEqual(seen, { text: typeof value === 'string' ? value : null, shown })
      assert.deepEqual((await getFrom(both.ours[0]!, both.its, report.key))?.value, value)
    }
    assert.equal(await both.session.get(randomInfoHash()), null)
    await both.session.findsNoFault()
  })

  test('of 1000 bytes is taken by both, and one byte more by neither: 205 (B44-05)', async () => {
    await using both = await openBoth()
    const { target, by } = await both.session.put('x'.repeat(996))
    assert.deepEqual(by, both.endpoints)
    assert.equal((await both.ours[1]!.get(target))?.encoded.length, 1_000)
    const report = await both.ours[0]!.put('y'.repeat(996))
    assert.equal(report.stored, 5)
    assert.equal((await both.session.get(report.key))?.text?.length, 996)

    const tooBig = Buffer.from(`997:${'x'.repeat(997)}`)
    assert.deepEqual((await both.session.putEncoded(tooBig)).by, [])
    const { errors } = await both.session.report()
    const ours = errors.filter(({ endpoint }) => both.endpoints.includes(endpoint))
    assert.deepEqual(
      ours.map(({ sent, query, code }) => [sent, query, code]),
      Array(4).fill([false, 'put', 205]),
    )
  })
})

describe('A signed item between libtorrent and xorbit', { skip }, () => {
  for (const salt of SALTS) {
    const name = salt === '' ? 'without a name' : 'with a name'

    test(`that it published we resolve, signed as we would have, ${name} (B44-02, B44-03, B44-18)`, async () => {
      await using both = await openBoth()
      const keyPair = expandedKeyPair()
      const { target, seq, by } = await both.session.publish(keyPair, 'signed by libtorrent', salt)
      assert.deepEqual([target, seq, by], [keyOf(keyPair, salt), 1n, both.endpoints])
      for (const node of both.ours) {
        const item = await node.resolve(keyPair.publicKey, salt)
        assert.deepEqual([item?.value, item?.seq], ['signed by libtorrent', 1n])
        const covered = signedBytes(item!.encoded, { salt: item!.salt, seq: 1n })
        assert.equal(toHex(item!.signature), toHex(sign(keyPair, covered)))
      }
      await both.session.findsNoFault()
    })

    test(`that we published it resolves, ${name} (B44-02, B44-03, B44-16)`, async () => {
      await using both = await openBoth()
      const keyPair = expandedKeyPair()
      const report = await both.ours[0]!.publish(salt, 'signed by xorbit', { keyPair })
      assert.deepEqual([report.stored, report.refused], [5, []])
      const item = await both.session.resolve(keyPair, salt)
      assert.deepEqual([item?.text, item?.seq], ['signed by xorbit', 1n])
      await both.session.findsNoFault()
    })

    test(`goes on from one to the other, ${name} (B44-11)`, async () => {
      await using both = await openBoth()
      const keyPair = expandedKeyPair()
      const seqs: (bigint | null | undefined)[] = []
      for (const [index, node] of both.ours.entries()) {
        const its = await both.session.publish(keyPair, `its ${index}`, salt)
        assert.deepEqual(its.by, both.endpoints)
        assert.equal((await node.resolve(keyPair.publicKey, salt))?.value, `its ${index}`)
        const ours = await node.publish(salt, `ours ${index}`, { keyPair })
        assert.deepEqual([ours.stored, ours.refused], [5, []])
        const seen = await both.session.resolve(keyPair, salt)
        assert.equal(seen?.text, `ours ${index}`)
        seqs.push(its.seq, seen?.seq)
      }
      assert.deepEqual(seqs, [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n])
      await both.session.findsNoFault()
    })
  }

  test('of another name or key is none for either of them (B44-18, B44-22)', async () => {
    await using both = await openBoth()
    const [keyPair, other] = [expandedKeyPair(), expandedKeyPair()]
    await both.session.publish(keyPair, 'named', 'a name')
    assert.equal(await both.ours[0]!.resolve(keyPair.publicKey, 'another'), null)
    assert.equal(await both.ours[0]!.resolve(other.publicKey, 'a name'), null)
    assert.equal(await both.session.resolve(keyPair, 'another'), null)
    assert.equal(await both.session.resolve(other, 'a name'), null)
    await both.session.findsNoFault()
  })

  test('of one session is found by another that knows only ours, when the first has gone (B43-03, B44-16, B44-18)', async () => {
    await using xorbit = await XorbitNetwork.open(4)
    const keyPair = expandedKeyPair()
    let key = ''
    {
      // Read-only, so that no table has it and nobody waits 15 s for it afterwards.
      const settings = { ...ON_ONE_ADDRESS, dht_read_only: true }
      await using one = await Libtorrent.open({ bootstrap: [endpointOf(xorbit.first)], settings })
      await one.bootstrapped()
      key = (await one.put('left behind')).target
      await one.publish(keyPair, 'left behind, signed', 'a name')
      await one.findsNoFault()
    }
    await using two = await Libtorrent.open({ bootstrap: [endpointOf(xorbit.nodes[3]!)] })
    await two.bootstrapped()
    assert.equal((await two.get(key))?.text, 'left behind')
    const signed = await two.resolve(keyPair, 'a name')
    assert.deepEqual([signed?.text, signed?.seq], ['left behind, signed', 1n])
    await two.findsNoFault()
  })
})

describe('What we refuse of libtorrent', { skip }, () => {
  test('a seq below one that we remember, though the item has expired: 302; then a newer one we take (B44-09, T13)', async () => {
    await using stack = new AsyncDisposableStack()
    const options = { host: '127.0.0.1', port: 0, itemLifetimeMs: 1_000 }
    const first = stack.use(await Mainline.open({ ...options, bootstrap: 'none' }))
    const second = stack.use(await Mainline.open({ ...options, bootstrap: [endpointOf(first)] }))
    await second.join()
    const keyPair = expandedKeyPair()
    await second.publish('a name', 'five', { keyPair, seq: 5, keepAlive: false })
    for (const [node, other] of [
      [first, second],
      [second, first],
    ] as const) {
      await until(
        'it has expired',
        () => getFrom(node, other.addresses[0]!, keyOf(keyPair, 'a name')),
        (item) => item === null,
      )
    }
    const session = stack.use(await Libtorrent.open({ bootstrap: [endpointOf(first)] }))
    await session.bootstrapped()
    const put = await session.publish(keyPair, 'from the beginning', 'a name')
    assert.deepEqual([put.seq, put.by], [1n, []])
    // Whom it joined through it asks twice: once without knowing its id.
    const { errors } = await session.report(2)
    const said = new Set(errors.map(({ endpoint, query, code }) => `${endpoint} ${query} ${code}`))
    const both = [endpointOf(first), endpointOf(second)].toSorted()
    assert.deepEqual(
      [...said].toSorted(),
      both.map((endpoint) => `${endpoint} put 302`),
    )
    // It keeps on itself what nobody took, and a reader that has seen a newer one does not believe it.
    assert.equal(await second.resolve(keyPair.publicKey, 'a name'), null)
    // From then on it has a newer one itself, where nothing expires.
    const its = { host: '127.0.0.1', port: session.port }
    await until(
      'libtorrent is in the table',
      () => first.contacts().map(({ address }) => textOf(address)),
      (contacts) => contacts.includes(textOf(its)),
    )
    const next = await first.publish('a name', 'six', { keyPair, keepAlive: false })
    assert.deepEqual([next.seq, next.refused], [6n, []])
    assert.deepEqual(await getFrom(second, its, next.key), { value: 'six', seq: 6n })
    const after = await session.publish(keyPair, 'seven', 'a name')
    assert.deepEqual([after.seq, after.by], [7n, both])
  })
})

describe('What libtorrent refuses of us', { skip }, () => {
  const put = async (both: Both, keyPair: KeyPair, details: object) =>
    putOn(both.ours[0]!, both.its, { value: 'x', salt: 'a name', keyPair, ...details })

  test('an older version: 302, and its own stays (B44-09)', async () => {
    await using both = await openBoth()
    const keyPair = expandedKeyPair()
    assert.equal(await put(both, keyPair, { value: 'five', seq: 5 }), 'taken')
    assert.equal(await put(both, keyPair, { value: 'four', seq: 4 }), 302)
    const item = await getFrom(both.ours[0]!, both.its, keyOf(keyPair, 'a name'))
    assert.deepEqual(item, { value: 'five', seq: 5n })
    assert.equal(await put(both, keyPair, { value: 'five', seq: 5 }), 'taken', 'the same again')
    assert.equal(await put(both, keyPair, { value: 'the last', seq: 2n ** 63n - 1n }), 'taken')
  })

  test('a cas that is not its seq: 301; with the right one, or when it has nothing, it takes it (B44-12)', async () => {
    await using both = await openBoth()
    const keyPair = expandedKeyPair()
    assert.equal(await put(both, keyPair, { seq: 1, cas: 9 }), 'taken')
    assert.equal(await put(both, keyPair, { value: 'two', seq: 2, cas: 9 }), 301)
    assert.equal(await put(both, keyPair, { value: 'two', seq: 2, cas: 0 }), 301)
    assert.equal(await put(both, keyPair, { value: 'two', seq: 2, cas: 1 }), 'taken')
  })

  test('a bad token 203 and a bad signature 206; both reach our caller (B44-06, B44-08)', async () => {
    await using both = await openBoth()
    const keyPair = expandedKeyPair()
    assert.equal(await put(both, keyPair, { token: new Uint8Array(4) }), 203)
    assert.equal(await put(both, keyPair, { signature: new Uint8Array(64) }), 206)
    const { errors } = await both.session.report(2)
    assert.deepEqual(
      errors.map(({ sent, code }) => [sent, code]),
      [
        [true, 203],
        [true, 206],
      ],
    )
    const known = both.ours[0]!.contacts().map(({ address }) => textOf(address))
    assert.ok(known.includes(textOf(both.its)), 'it keeps its place')
  })

  test('a value too big 205, a name too long 207, a seq below zero 203, with the same codes as ours (B44-04, B44-05, B44-14)', async () => {
    await using both = await openBoth()
    await using raw = await RawNode.open()
    const keyPair = expandedKeyPair()
    const signed = { k: keyPair.publicKey, sig: new Uint8Array(64), seq: 1, v: 'x' }
    for (const [code, salt, details] of [
      [205, '', { v: new Uint8Array(997) }],
      [207, 's'.repeat(65), { salt: 's'.repeat(65) }],
      [203, '', { seq: -1 }],
    ] as const) {
      for (const to of [both.its, both.ours[0]!.addresses[0]!]) {
        const t = crypto.getRandomValues(new Uint8Array(4))
        const target = Buffer.from(keyOf(keyPair, salt), 'hex')
        const token = (await raw.ask(to, { t, q: 'get', a: { target } })).r!['token']!
        const { e } = await raw.ask(to, { t, q: 'put', a: { ...signed, ...details, token } })
        assert.equal(e?.[0], code, `${textOf(to)}, token ${hex(token)}`)
      }
    }
  })
})

describe('What libtorrent answers to a get', { skip }, () => {
  test('with the seq that we have is the seq alone; with a lower one the item (B44-17)', async () => {
    await using both = await openBoth()
    const [ours] = both.ours as [Mainline]
    const keyPair = expandedKeyPair()
    assert.equal(await putOn(ours, both.its, { value: 'seven', seq: 7, keyPair }), 'taken')
    for (const to of [both.its, both.ours[1]!.addresses[0]!]) {
      await putOn(ours, to, { value: 'seven', seq: 7, keyPair })
      const get = async (seq: number) =>
        (await ours.query(to, { method: 'get', target: keyOf(keyPair), seq })).reply
      const [same, lower] = [await get(7), await get(6)]
      assert.deepEqual([same.seq, same.value, same.signature], [7n, undefined, undefined])
      assert.deepEqual([lower.seq, lower.value], [7n, new TextEncoder().encode('5:seven')])
      assert.ok(lower.token !== undefined && lower.nodes !== undefined)
    }
  })
})

describe('What libtorrent does otherwise than BEP 44', { skip }, () => {
  test('answers another value of its seq as if it had stored it, where we say 302 (B44-10)', async () => {
    await using both = await openBoth()
    const [ours] = both.ours as [Mainline]
    const keyPair = expandedKeyPair()
    assert.equal((await ours.publish('', 'the first', { keyPair })).stored, 5)
    const report = await both.ours[1]!.publish('', 'another', { keyPair, seq: 1 })
    assert.deepEqual(report.accepted.map(textOf), [textOf(both.its)], 'so our report counts it')
    assert.deepEqual(
      report.refused.map(({ code }) => code),
      Array(4).fill(302),
    )
    assert.deepEqual(await getFrom(ours, both.its, report.key), { value: 'the first', seq: 1n })
    const found = await both.ours[2]!.resolve(keyPair.publicKey)
    assert.deepEqual([found?.value, found?.conflict, found?.copies], ['the first', false, 5])
  })

  test('takes who puts or announces on it into its table, though he is read-only; who only asks, not (B43-03)', async () => {
    await using session = await Libtorrent.open({ bootstrap: [] })
    const options = { bootstrap: [`127.0.0.1:${session.port}`], readOnly: true }
    await using asking = await XorbitNetwork.open(1, options)
    await using putting = await XorbitNetwork.open(1, options)
    await using announcing = await XorbitNetwork.open(1, options)
    assert.equal(await asking.first.get(randomInfoHash()), null)
    // At once, for the second would be told of the first and wait for him.
    const reports = [putting.first.put('x'), announcing.first.announce(randomInfoHash(), { port: 5_300 })]
    for (const { stored } of await Promise.all(reports)) assert.equal(stored, 1)
    const known = (await session.nodes(2)).map(textOf)
    assert.deepEqual(known.toSorted(), [endpointOf(putting.first), endpointOf(announcing.first)].toSorted())
  })
})
