// Items of BEP 44 between nodes of bittorrent-dht and ours, in both directions; what each refuses of the other, and what
// the other does otherwise than BEP 44 says. It knows neither BEP 33 nor BEP 51.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { generateKeyPair, Mainline, toHex, type RepublishReport } from '../../src/index.ts'
import { BittorrentDht } from './bittorrent-dht.ts'
import { getFrom, keyOf, putOn } from './direct-puts.ts'
import { endpointOf, XorbitNetwork } from './xorbit-network.ts'

/** For what it is silent to: what is not answered costs less than 4.5 seconds. */
const IMPATIENT = { requestTimeoutMs: 1_500, resendAfterMs: [500] }

/** A name and none: what is signed differs (B44-03). */
const SALTS = [undefined, 'a name'] as const

interface Both extends AsyncDisposable {
  /** Three of ours, which know each other and both of its. */
  readonly ours: readonly Mainline[]
  /** Two of its. */
  readonly its: readonly BittorrentDht[]
}

async function openBoth(parameters = {}): Promise<Both> {
  const stack = new AsyncDisposableStack()
  const xorbit = stack.use(await XorbitNetwork.open(3, { parameters }))
  const its: BittorrentDht[] = []
  for (const node of xorbit.nodes.slice(0, 2)) {
    its.push(stack.use(await BittorrentDht.open([endpointOf(node)])))
  }
  return { ours: xorbit.nodes, its, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

describe('An immutable item between bittorrent-dht and xorbit', () => {
  test('that it put we get, from all of ours, and as it was (B44-01, B44-15, B44-16)', async () => {
    await using both = await openBoth()
    const { key, stored } = await both.its[0]!.put('put by bittorrent-dht')
    assert.equal(stored, 4, 'three of ours, one of its')
    for (const node of both.ours) assert.equal((await node.get(key))?.text, 'put by bittorrent-dht')
    const { key: other } = await both.its[1]!.put({ list: [1, 'two', { three: -3 }], empty: '' })
    for (const node of both.ours) {
      assert.deepEqual((await node.get(other))?.value, { empty: '', list: [1, 'two', { three: -3 }] })
    }
  })

  test('that we put it gets, from all of its (B44-01, B44-08)', async () => {
    await using both = await openBoth()
    const values = ['put by xorbit', 'ü'.repeat(10), 7, -3, ['a', ['b'], {}], { a: [1], b: 'x' }]
    for (const value of values) {
      const report = await both.ours[0]!.put(value)
      assert.deepEqual([report.stored, report.refused], [5, []])
      const expected = value === values[1] ? Buffer.from(values[1] as string).toString('latin1') : value
      for (const node of both.its)
        assert.deepEqual(await node.get(report.key), { value: expected, seq: null })
    }
  })

  test('is found through its nodes by one of ours that holds nothing, and the other way round (B44-16)', async () => {
    await using both = await openBoth()
    const [key] = [(await both.ours[0]!.put('somewhere')).key]
    await using stranger = await XorbitNetwork.open(1, { bootstrap: [both.its[1]!.endpoint] })
    assert.equal((await stranger.first.get(key))?.text, 'somewhere')
    await using its = await BittorrentDht.open([endpointOf(stranger.first)])
    assert.deepEqual(await its.get(key), { value: 'somewhere', seq: null })
  })

  test('of 1000 bytes is taken by both, and one byte more by none of ours (B44-05)', async () => {
    await using both = await openBoth()
    const [ours, its] = [both.ours[0]!, both.its[0]!]
    const { key, stored } = await its.put('x'.repeat(996))
    assert.equal(stored, 4)
    assert.equal((await ours.get(key))?.encoded.length, 1_000)
    const { key: own } = await ours.put('y'.repeat(996))
    assert.deepEqual(await its.get(own), { value: 'y'.repeat(996), seq: null })
    await assert.rejects(ours.put('y'.repeat(997)), { code: 'too-large' })
    // Its own limit is 999 bytes of text, which are 1003 encoded: its own kind takes them, ours does not.
    assert.equal((await its.put('x'.repeat(997))).stored, 1)
  })
})

describe('A signed item between bittorrent-dht and xorbit', () => {
  for (const salt of SALTS) {
    const name = salt === undefined ? 'without a name' : 'with a name'

    test(`that it put we resolve, ${name} (B44-02, B44-03, B44-18)`, async () => {
      await using both = await openBoth()
      const keyPair = generateKeyPair()
      const { key, stored } = await both.its[0]!.put('signed by it', { keyPair, seq: 4, ...saltOf(salt) })
      assert.deepEqual([key, stored], [keyOf(keyPair, salt), 4])
      for (const node of both.ours) {
        const item = await node.resolve(keyPair.publicKey, salt)
        assert.deepEqual([item?.value, item?.seq], ['signed by it', 4n])
        assert.equal(toHex(item!.publicKey), toHex(keyPair.publicKey))
      }
    })

    test(`that we published it gets, ${name} (B44-02, B44-03, B44-16)`, async () => {
      await using both = await openBoth()
      const keyPair = generateKeyPair()
      const report = await both.ours[0]!.publish(salt ?? '', 'signed by us', { keyPair })
      assert.deepEqual([report.stored, report.refused], [5, []])
      for (const node of both.its) {
        assert.deepEqual(await node.get(report.key, salt), { value: 'signed by us', seq: 1 })
      }
    })

    test(`goes on from one to the other, ${name} (B44-11)`, async () => {
      await using both = await openBoth()
      const keyPair = generateKeyPair()
      const [ours, its] = [both.ours[0]!, both.its[0]!]
      await its.put('one', { keyPair, seq: 1, ...saltOf(salt) })
      const second = await ours.publish(salt ?? '', 'two', { keyPair })
      assert.deepEqual([second.seq, second.stored, second.refused], [2n, 5, []])
      const held = both.its.map((node) => node.get(second.key, salt))
      assert.deepEqual(await Promise.all(held), Array(2).fill({ value: 'two', seq: 2 }))
      assert.equal((await its.put('three', { keyPair, seq: 3, ...saltOf(salt) })).stored, 4)
      for (const node of both.ours) {
        const item = await node.resolve(keyPair.publicKey, salt)
        assert.deepEqual([item?.value, item?.seq], ['three', 3n])
      }
    })
  }

  test('of another name or key is none for either of them (B44-18, B44-22)', async () => {
    await using both = await openBoth()
    const [keyPair, other] = [generateKeyPair(), generateKeyPair()]
    const { key } = await both.its[0]!.put('named', { keyPair, seq: 1, salt: 'a name' })
    await using stranger = await XorbitNetwork.open(1, { bootstrap: [both.its[1]!.endpoint] })
    const { first } = stranger
    assert.equal(await first.resolve(keyPair.publicKey, 'another'), null)
    assert.equal(await first.resolve(other.publicKey, 'a name'), null)
    assert.equal(await first.get(key), null, 'without its name it cannot be verified')
    assert.equal((await first.get(key, { name: 'a name' }))?.text, 'named')
    assert.equal(await both.its[0]!.get(key), null)
    assert.equal(await both.its[0]!.get(keyOf(other, 'a name'), 'a name'), null)
  })
})

describe('What we refuse of bittorrent-dht', () => {
  test('an older version, and another value of the same: 302 (B44-09, B44-10)', async () => {
    await using xorbit = await XorbitNetwork.open(1)
    await using its = await BittorrentDht.open([endpointOf(xorbit.first)])
    const keyPair = generateKeyPair()
    assert.equal((await its.put('five', { keyPair, seq: 5 })).stored, 1)
    await assert.rejects(its.put('four', { keyPair, seq: 4 }), { code: 302 })
    await assert.rejects(its.put('other', { keyPair, seq: 5 }), { code: 302 })
    assert.equal((await its.put('five', { keyPair, seq: 5 })).stored, 1, 'the same again keeps it alive')
    const item = await xorbit.first.resolve(keyPair.publicKey)
    assert.deepEqual([item?.value, item?.seq], ['five', 5n])
  })

  test('a cas that is not the seq which we hold: 301; the right one, or one for nothing, we take (B44-12)', async () => {
    await using xorbit = await XorbitNetwork.open(1)
    await using its = await BittorrentDht.open([endpointOf(xorbit.first)])
    const keyPair = generateKeyPair()
    assert.equal((await its.put('one', { keyPair, seq: 1, cas: 9 })).stored, 1, 'there is nothing to compare')
    await assert.rejects(its.put('two', { keyPair, seq: 2, cas: 0 }), { code: 301 })
    assert.equal((await xorbit.first.resolve(keyPair.publicKey))?.seq, 1n)
    assert.equal((await its.put('two', { keyPair, seq: 2, cas: 1 })).stored, 1)
    assert.equal((await xorbit.first.resolve(keyPair.publicKey))?.value, 'two')
  })

  test('a bad token 203, a value too big 205, a bad signature 206, a name too long 207 (B44-04…06, B44-08)', async () => {
    await using xorbit = await XorbitNetwork.open(1)
    await using its = await BittorrentDht.open([endpointOf(xorbit.first)])
    const to = xorbit.first.addresses[0]!
    const keyPair = generateKeyPair()
    const signed = {
      k: Buffer.from(keyPair.publicKey),
      sig: Buffer.alloc(64, 1),
      seq: 1,
      v: Buffer.from('x'),
    }
    const cases = [
      [203, keyOf(keyPair), { ...signed, token: Buffer.from('not a token') }],
      [205, keyOf(keyPair), { ...signed, v: Buffer.alloc(997) }],
      [206, keyOf(keyPair), signed],
      [207, keyOf(keyPair, 's'.repeat(65)), { ...signed, salt: Buffer.alloc(65, 's') }],
    ] as const
    for (const [code, target, a] of cases) {
      const { token } = await its.query(to, { q: 'get', a: { target: Buffer.from(target, 'hex') } })
      await assert.rejects(its.query(to, { q: 'put', a: { token, ...a } }), { code })
    }
    assert.equal(xorbit.first.stats().stored.items, 0)
  })
})

describe('What bittorrent-dht refuses of us', () => {
  test('a bad token: 203, which reaches our caller (B44-08)', async () => {
    await using both = await openBoth()
    const token = new TextEncoder().encode('not a token')
    const put = { value: 'x', token }
    assert.equal(await putOn(both.ours[0]!, both.its[0]!.address, put), 203)
  })

  test('an older version: 302, and its own stays (B44-09)', async () => {
    await using both = await openBoth()
    const [ours, { address }] = [both.ours[0]!, both.its[0]!]
    const keyPair = generateKeyPair()
    assert.equal(await putOn(ours, address, { keyPair, value: 'five', seq: 5 }), 'taken')
    assert.equal(await putOn(ours, address, { keyPair, value: 'four', seq: 4 }), 302)
    assert.equal(await putOn(ours, address, { keyPair, value: 'other', seq: 5 }), 302)
    assert.deepEqual(await getFrom(ours, address, keyOf(keyPair)), { value: 'five', seq: 5n })
    assert.equal(await putOn(ours, address, { keyPair, value: 'six', seq: 6 }), 'taken')
  })

  test('a cas that is not its seq: 301; with the right one, or when it has nothing, it takes it (B44-12)', async () => {
    await using both = await openBoth()
    const [ours, { address }] = [both.ours[0]!, both.its[0]!]
    const keyPair = generateKeyPair()
    assert.equal(await putOn(ours, address, { keyPair, value: 'one', seq: 1, cas: 9 }), 'taken')
    assert.equal(await putOn(ours, address, { keyPair, value: 'two', seq: 2, cas: 9 }), 301)
    assert.equal(await putOn(ours, address, { keyPair, value: 'two', seq: 2, cas: 0 }), 301)
    assert.equal(await putOn(ours, address, { keyPair, value: 'two', seq: 2, cas: 1 }), 'taken')
  })

  test('a publish over it is refused with 302 by all that hold it, and with a wrong cas not tried (B44-09, B44-12, B44-13)', async () => {
    await using both = await openBoth()
    const keyPair = generateKeyPair()
    await both.its[0]!.put('five', { keyPair, seq: 5, salt: 'a name' })
    const older = await both.ours[0]!.publish('a name', 'four', { keyPair, seq: 4 })
    assert.equal(older.stored, 1, 'who published it keeps nothing himself, and so has nothing to compare')
    assert.deepEqual(
      older.refused.map(({ code }) => code),
      Array(older.asked - 1).fill(302),
    )
    const wrong = await both.ours[0]!.publish('a name', 'six', { keyPair, cas: 4 })
    assert.deepEqual([wrong.stored, wrong.refused[0]?.code], [0, 301])
    const right = await both.ours[0]!.publish('a name', 'six', { keyPair, cas: 5 })
    assert.deepEqual([right.seq, right.stored, right.refused], [6n, 5, []])
  })
})

describe('What bittorrent-dht does otherwise than BEP 44', () => {
  test('is silent to a bad signature, which costs it no place in our table (B44-06)', async () => {
    await using both = await openBoth(IMPATIENT)
    const [ours, its] = [both.ours[0]!, both.its[0]!]
    const put = { value: 'x', keyPair: generateKeyPair(), seq: 1, signature: new Uint8Array(64) }
    assert.equal(await putOn(ours, its.address, put), 'no-answer')
    assert.ok(ours.contacts().some(({ id }) => toHex(id) === its.id))
  })

  test('refuses what it holds already with 302, which counts as stored where we keep it alive (B44-10, B44-20)', async () => {
    await using both = await openBoth()
    const [ours] = both.ours as [Mainline]
    const keyPair = generateKeyPair()
    const first = await ours.publish('status', 'same', { keyPair })
    assert.deepEqual([first.seq, first.stored], [1n, 5])
    const put = { value: 'same', seq: 1, keyPair, salt: 'status' }
    for (const { address } of both.its) assert.equal(await putOn(ours, address, put), 302)
    const again = await ours.publish('status', 'same', { keyPair, seq: first.seq })
    assert.deepEqual([again.stored, again.refused], [5, []])
    // It has not lost it, for what it holds does not expire.
    for (const { address } of both.its) {
      assert.deepEqual(await getFrom(ours, address, first.key), { value: 'same', seq: 1n })
    }
  })

  test('so what nobody else holds is kept alive without being tried again and again (B44-20)', async () => {
    await using first = await BittorrentDht.open()
    await using second = await BittorrentDht.open([first.endpoint])
    await using ours = await Mainline.open({
      host: '127.0.0.1',
      port: 0,
      bootstrap: [second.endpoint],
      publishIntervalMs: 100,
      readOnly: true,
    })
    await ours.join()
    const republished = new Promise<RepublishReport>((resolve) => ours.on('republished', resolve))
    const { stored } = await ours.publish('status', 'same', { keyPair: generateKeyPair() })
    assert.equal(stored, 2)
    const report = await republished
    assert.deepEqual([report.seq, report.copies, report.stored, report.refused], [1n, 2, 2, []])
  })

  test('gives no contacts beside an item: our walk goes on by the others (B44-16)', async () => {
    await using both = await openBoth()
    const { key } = await both.ours[0]!.put('alone')
    const { reply } = await both.ours[1]!.query(both.its[0]!.address, { method: 'get', target: key })
    assert.deepEqual([reply.nodes, reply.value === undefined], [undefined, false])
    assert.ok(reply.token !== undefined)
    assert.equal((await both.ours[2]!.put('alone')).stored, 5)
  })

  test('stores values above 1000 bytes that others put, and we do not believe them (B44-05, B44-18)', async () => {
    await using its = await BittorrentDht.open()
    await using xorbit = await XorbitNetwork.open(1, { bootstrap: [its.endpoint] })
    await using writer = await BittorrentDht.open([its.endpoint])
    const { key } = await writer.put('x'.repeat(999))
    assert.deepEqual(await writer.get(key), { value: 'x'.repeat(999), seq: null })
    assert.equal(await xorbit.first.get(key), null)
    const { reply } = await xorbit.first.query(its.address, { method: 'get', target: key })
    assert.deepEqual([reply.value, reply.badItem], [undefined, 'item-malformed'])
  })

  test('counts seq in doubles: beyond 2^53 it takes no item, and we still publish among ours (B44-14)', async () => {
    await using both = await openBoth(IMPATIENT)
    const keyPair = generateKeyPair()
    const seq = 2n ** 53n + 1n
    const report = await both.ours[0]!.publish('', 'x', { keyPair, seq })
    assert.equal(report.stored, 3)
    assert.deepEqual(
      report.refused.map(({ code }) => code),
      ['timeout', 'timeout'],
    )
    assert.equal((await both.ours[1]!.resolve(keyPair.publicKey))?.seq, seq)
  })
})

function saltOf(salt: string | undefined): { salt?: string } {
  return salt === undefined ? {} : { salt }
}
