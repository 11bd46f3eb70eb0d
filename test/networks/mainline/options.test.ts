// The options of a mainline node: what is refused and how, and what follows from what.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { XorbitError } from '../../../src/node/errors.ts'
import { parseHostPort, toHostPort } from '../../../src/networks/host-port.ts'
import { toIdArgument } from '../../../src/networks/id-arguments.ts'
import { toQuery } from '../../../src/networks/mainline/arguments.ts'
import { resolveOptions, type MainlineOptions } from '../../../src/networks/mainline/options.ts'

function refusal(work: () => unknown): XorbitError {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof XorbitError, `a typed error, got ${String(error)}`)
    assert.doesNotMatch(error.message, /\n/, 'one line')
    return error
  }
  throw new assert.AssertionError({ message: 'nothing was refused' })
}

/** Options as a program without types may give them. */
const given = (options: object): MainlineOptions => options

describe('Options of a mainline node', () => {
  test('an unknown one is refused by name, with those that are known', () => {
    const error = refusal(() => resolveOptions(given({ prot: 6881 })))
    assert.equal(error.code, 'unknown-option')
    assert.match(error.message, /"prot".*port/)
    assert.match(refusal(() => resolveOptions(given({ parameters: { kk: 8 } }))).message, /"kk".*alpha/)
  })

  const wrong: readonly (readonly [options: object, says: RegExp])[] = [
    [{ port: 70_000 }, /^port: .*0 to 65535, got 70000$/],
    [{ port: '6881' }, /^port: .*got "6881"$/],
    [{ port: 1.5 }, /^port: /],
    [{ host: 'localhost' }, /^host: .*IPv4 or IPv6 address.*got "localhost"$/],
    [{ host: '256.1.1.1' }, /^host: /],
    [{ host: ['127.0.0.1', '127.0.0.1'] }, /^host: expected each address once/],
    [{ host: ['0.0.0.0', '127.0.0.1'] }, /^host: expected either every address of IPv4, or definite ones/],
    [{ host: ['2001:db8::1', '2001:db8::2'] }, /^host: expected at most one IPv6 address of each \/64/],
    [
      { host: Array.from({ length: 9 }, (_, index) => `127.0.0.${index + 1}`) },
      /^host: expected at most 8 addresses of IPv4, got 9/,
    ],
    [{ store: '' }, /^store: /],
    [{ store: 7 }, /^store: .*got 7$/],
    [{ bootstrap: '127.0.0.1:1' }, /^bootstrap: /],
    [{ bootstrap: ['127.0.0.1:99999'] }, /^bootstrap: .*65535.*99999/],
    [{ bootstrap: [5] }, /^bootstrap: /],
    [{ private: 'yes' }, /^private: .*got "yes"$/],
    [{ readOnly: 1 }, /^readOnly: /],
    [{ rateLimit: null }, /^rateLimit: /],
    [{ announceIntervalMs: 1 }, /^announceIntervalMs: .*100 to 1800000/],
    [{ itemLifetimeMs: 99 }, /^itemLifetimeMs: .*100 to 86400000, got 99$/],
    [{ store: { peers: {}, state: {} } }, /^store: .*a store/],
    [{ version: Uint8Array.of(1, 2, 3) }, /^version: expected 4 bytes, got 3 bytes$/],
    [{ parameters: { k: 0 } }, /^parameters\.k: .*1 to 64, got 0$/],
    [{ parameters: { resendAfterMs: [1, 'x'] } }, /^parameters\.resendAfterMs: /],
    [{ parameters: { resendAfterMs: [2, 1] } }, /^parameters\.resendAfterMs: .*ascending/],
    [{ parameters: { resendAfterMs: [1, 2, 3] } }, /^parameters\.resendAfterMs: .*at most 2/],
    [{ parameters: { resendAfterMs: 5 } }, /^parameters\.resendAfterMs: .*got 5$/],
    [{ parameters: { k: [8] } }, /^parameters\.k: .*got \[8\]$/],
    [{ parameters: 5 }, /^parameters: .*got 5$/],
    [{ host: [] }, /^host: .*got \[\]$/],
    [{ host: 5 }, /^host: .*got 5$/],
    [{ host: '127.0.0.1', bootstrap: ['[::1]:1'] }, /^bootstrap: .*address of IPv4, as host has, got "::1"$/],
    [{ store: {} }, /^store: /],
    [{ bootstrap: ['none', '127.0.0.1:1'] }, /^bootstrap: .*got "none"$/],
  ]
  for (const [options, says] of wrong) {
    test(`${JSON.stringify(options)} is refused, naming what it got and what is allowed`, () => {
      assert.match(refusal(() => resolveOptions(given(options))).message, says)
    })
  }

  test('a loopback or private host or bootstrap node makes the network private, a public one does not', () => {
    assert.equal(resolveOptions({ host: '127.0.0.1' }).private, true)
    assert.equal(resolveOptions({ host: 'fd00::1' }).private, true)
    assert.equal(resolveOptions({ bootstrap: ['10.1.2.3:6881'] }).private, true)
    assert.equal(resolveOptions({ bootstrap: ['localhost:6881'] }).private, true)
    assert.equal(resolveOptions({ bootstrap: ['router.bittorrent.com'] }).private, false)
    assert.equal(resolveOptions({}).private, false)
    assert.equal(resolveOptions({ host: '127.0.0.1', private: false }).private, false)
  })

  test('an option that is undefined is as if it were absent', () => {
    assert.equal(resolveOptions(given({ parameters: { k: undefined } })).parameters.k, 8)
    assert.equal(resolveOptions(given({ port: undefined })).port, 6881)
    assert.match(
      refusal(() => resolveOptions(null as never)).message,
      /^options: expected an object.*got null$/,
    )
  })

  test('hosts come IPv4 first, however they were given', () => {
    assert.deepEqual(resolveOptions({ host: ['::1', '127.0.0.1'] }).hosts, ['127.0.0.1', '::1'])
  })

  test('a private network asks no public router', () => {
    assert.deepEqual(resolveOptions({ private: true }).bootstrap, [])
    assert.equal(resolveOptions({}).bootstrap, null)
    assert.deepEqual(resolveOptions({ bootstrap: 'none' }).bootstrap, [])
  })

  test('who joins through loopback alone listens on loopback alone', () => {
    assert.deepEqual(resolveOptions({ bootstrap: ['127.0.0.1:1', '127.0.0.1:2'] }).hosts, ['127.0.0.1'])
    assert.deepEqual(resolveOptions({ bootstrap: ['[::1]:1'] }).hosts, ['::1'])
    assert.deepEqual(resolveOptions({ bootstrap: ['127.0.0.1:1', '[::1]:1'] }).hosts, ['127.0.0.1', '::1'])
    assert.equal(resolveOptions({ bootstrap: ['127.0.0.1:1', '10.0.0.1:1'] }).hosts, null)
  })

  test('HOST:PORT is read in all its forms, IPv6 with brackets or bare (B5-22)', () => {
    assert.deepEqual(parseHostPort('x', 'example.org:80', 6881), { host: 'example.org', port: 80 })
    assert.deepEqual(parseHostPort('x', '1.2.3.4', 6881), { host: '1.2.3.4', port: 6881 })
    assert.deepEqual(parseHostPort('x', '[2001:DB8::1]:7', 6881), { host: '2001:db8::1', port: 7 })
    assert.deepEqual(parseHostPort('x', '2001:db8::1', 6881), { host: '2001:db8::1', port: 6881 })
    for (const text of ['', ':80', 'a:', 'a:0', 'a:65536', 'a:b', '[::1', 'a:1:2']) {
      assert.match(
        refusal(() => parseHostPort('bootstrap', text, 6881)).message,
        /^bootstrap: expected HOST:PORT/,
      )
    }
  })
})

describe('Arguments of a mainline node', () => {
  test('an id is 20 bytes or 40 hex digits, and bytes are copied', () => {
    for (const bytes of [new Uint8Array(20).fill(7), Buffer.alloc(20, 7)]) {
      const id = toIdArgument('infoHash', bytes)
      bytes.fill(0)
      assert.equal(id[0], 7)
    }
    assert.deepEqual(toIdArgument('infoHash', 'AB'.repeat(20)), toIdArgument('infoHash', 'ab'.repeat(20)))
    for (const value of ['ab', 'x'.repeat(40), new Uint8Array(19), 7, null]) {
      const error = refusal(() => toIdArgument('infoHash', value as string))
      assert.equal(error.code, 'bad-argument')
      assert.match(error.message, /^infoHash: expected (20 bytes or )?40 hex digits/)
    }
  })

  test('a direct query is checked before anything is sent', () => {
    const token = new Uint8Array(65)
    const infoHash = 'ab'.repeat(20)
    assert.throws(() => toQuery({ method: 'find_node', target: 'ab' }), /^XorbitError: target: /)
    assert.throws(() => toQuery({ method: 'announce_peer', infoHash, port: 1, token }), /token: .*64 bytes/)
    assert.throws(
      () => toQuery({ method: 'announce_peer', infoHash, port: 0, token: token.subarray(1) }),
      /port: .*1 to 65535, got 0/,
    )
    assert.throws(() => toQuery({ method: 'vote' } as never), /method: expected ping, find_node/)
    assert.throws(() => toQuery({ method: 'get', target: infoHash, seq: 2 ** 53 }), /seq: .*bigint, got 9/)
    assert.throws(() => toQuery({ method: 'sample_infohashes', target: '' }), /target: /)
    assert.throws(() => toHostPort('address', { host: '', port: 1 }), /address host: /)
    assert.throws(() => toHostPort('address', '127.0.0.1'), /address: expected HOST:PORT/)
  })

  test('a direct put is checked like one that comes in (B44-02, B44-04, B44-05, B44-07, B44-14)', () => {
    const put = { method: 'put', token: new Uint8Array(8), value: Buffer.from('4:spam') } as const
    const signed = { publicKey: 'AB'.repeat(32), seq: 1, signature: new Uint8Array(64) } as const
    const wrong: readonly (readonly [query: object, says: RegExp])[] = [
      [{ token: 'token' }, /^token: expected at most 64 bytes/],
      [{ value: '4:spam' }, /^value: expected at most 1000 bytes/],
      [{ value: new Uint8Array(1001) }, /^value: expected at most 1000 bytes, got 1001 bytes$/],
      [{ value: Buffer.from('i03e') }, /^value: expected canonical bencode/],
      [{ value: new Uint8Array(0) }, /^value: expected canonical bencode/],
      [{ cas: 1 }, /^cas: expected none beside an immutable item, got 1$/],
      [{ signed, cas: -1 }, /^cas: expected a whole number from 0 to 2\^63 - 1/],
      [{ signed: { ...signed, publicKey: new Uint8Array(31) } }, /^publicKey: expected 32 bytes/],
      [{ signed: { ...signed, signature: 'ab' } }, /^signature: expected 64 bytes/],
      [{ signed: { ...signed, salt: new Uint8Array(65) } }, /^salt: expected at most 64 bytes/],
      [{ signed: { ...signed, seq: 1.5 } }, /^seq: /],
      [{ signed: { ...signed, seq: '1' } }, /^seq: /],
      [{ signed: { ...signed, seq: 2n ** 63n } }, /^seq: /],
      [{ signed: { ...signed, sig: 1 } }, /^unknown signed field "sig"/],
    ]
    for (const [changes, says] of wrong) {
      assert.match(refusal(() => toQuery({ ...put, ...changes })).message, says)
    }
  })

  test('a direct put may give numbers or bigints, bytes or hex, and leave out what is optional', () => {
    const put = { method: 'put', token: new Uint8Array(8), value: Buffer.from('4:spam') } as const
    assert.deepEqual(toQuery(put), { ...put, signed: null, cas: null })
    const publicKey = new Uint8Array(32).fill(0xab)
    const signature = new Uint8Array(64).fill(0xcd)
    const salt = new Uint8Array(0)
    const signed = { publicKey: 'ab'.repeat(32), seq: 0, signature: 'cd'.repeat(64) }
    assert.deepEqual(toQuery({ ...put, signed, cas: 0 }), {
      ...put,
      signed: { publicKey, salt, seq: 0n, signature },
      cas: 0n,
    })
    const target = new Uint8Array(20).fill(7)
    const asked = { method: 'get', target, want: { n4: true, n6: false }, seq: 2n ** 63n - 1n } as const
    assert.deepEqual(toQuery(asked), asked)
    assert.deepEqual(toQuery({ method: 'get', target }), { method: 'get', target, want: null, seq: null })
    const sampled = { method: 'sample_infohashes', target, want: null } as const
    assert.deepEqual(toQuery({ method: 'sample_infohashes', target }), sampled)
  })
})
