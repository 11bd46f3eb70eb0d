// The options of a drogulus node: the numbers of B9 as defaults, what follows from what, and what is refused.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  DEFAULT_PORT,
  filesBeside,
  resolveOptions,
  STORE_LIMITS,
  type DrogulusOptions,
} from '../../../src/networks/drogulus/options.ts'
import { XorbitError } from '../../../src/node/errors.ts'
import { simulatedKeyPairs } from '../../../src/simulator/drogulus-keys.ts'
import { HOUR, MINUTE, SECOND } from './answering.ts'

function refusal(options: DrogulusOptions): string {
  try {
    resolveOptions(options)
  } catch (error) {
    if (error instanceof XorbitError) return `${error.code} ${error.message}`
    throw error
  }
  return 'taken'
}

describe('The defaults of drogulus', () => {
  test('are the numbers of the original, where it has any (drogulus B9)', () => {
    const { parameters, replicateIntervalMs, duplicate } = resolveOptions({})
    const { k, alpha, maxFailures, bucketRefreshMs, replacementCacheSize, idBytes } = parameters
    assert.deepEqual(
      [k, alpha, maxFailures, bucketRefreshMs, replacementCacheSize, idBytes],
      [20, 3, 5, HOUR, 20, 64],
    )
    assert.deepEqual([replicateIntervalMs, duplicate], [HOUR, 20])
  })

  test('wait for an answer for seconds and not for half an hour, and send nothing twice (drogulus B9)', () => {
    const { resendAfterMs, requestTimeoutMs, transactionIdBytes } = resolveOptions({}).parameters
    assert.deepEqual([resendAfterMs, requestTimeoutMs, transactionIdBytes], [[], 15 * SECOND, 16])
  })

  test('are TLS, the wire of July 2013, and a node that serves (drogulus B0)', () => {
    const { tls, revision, readOnly, identity, port, banMs } = resolveOptions({})
    assert.deepEqual([tls, revision, readOnly, identity], [true, 'july-2013', false, null])
    assert.deepEqual([port, DEFAULT_PORT, banMs], [1_908, 1_908, 24 * HOUR])
  })

  test('have the owner store again before holders do', () => {
    assert.equal(resolveOptions({}).republishIntervalMs, 54 * MINUTE)
    assert.equal(resolveOptions({ replicateIntervalMs: 1_001 }).republishIntervalMs, 900)
    assert.equal(resolveOptions({ republishIntervalMs: 2 * HOUR }).republishIntervalMs, 2 * HOUR)
  })

  test('store on as many nodes as a bucket has contacts', () => {
    const { duplicate, parameters } = resolveOptions({ parameters: { k: 8 } })
    assert.deepEqual([duplicate, parameters.k, parameters.alpha], [8, 8, 3])
    assert.equal(resolveOptions({ duplicate: 3 }).duplicate, 3)
  })

  test('have room for what one holder brings of others (T12)', () => {
    assert.ok(STORE_LIMITS.maxPerIp > 100 && STORE_LIMITS.maxPerPrefix > STORE_LIMITS.maxPerIp)
    assert.ok(STORE_LIMITS.maxBytesPerPrefix > STORE_LIMITS.maxBytesPerIp)
  })
})

describe('The identity of drogulus', () => {
  test('is a key pair, or its private key as PEM text', () => {
    const [identity] = simulatedKeyPairs
    assert.equal(resolveOptions({ identity: identity! }).identity, identity)
    const read = resolveOptions({ identity: identity!.privateKey }).identity
    assert.equal(read?.publicKey, identity!.publicKey)
  })

  test('is refused without being shown', () => {
    for (const secret of ['-----BEGIN PRIVATE KEY-----\nsecret', { secret: 'secret' }, null, 5]) {
      const message = refusal({ identity: secret as never })
      assert.match(message, /^bad-argument identity: /)
      assert.ok(!message.includes('secret'), message)
    }
  })

  test('is kept beside the file of the store, as the certificate is, and nowhere else', () => {
    assert.deepEqual(filesBeside('/a/node.db'), {
      identity: '/a/node.db.identity.pem',
      tls: '/a/node.db.tls.pem',
    })
    for (const none of ['memory', undefined, {}]) {
      assert.deepEqual(filesBeside(none), { identity: null, tls: null })
    }
  })
})

describe('An option of drogulus', () => {
  test('is refused with its name, what it got and what is allowed', () => {
    assert.match(
      refusal({ revision: 'september-2013' as never }),
      /^bad-argument revision: expected 'july-2013' or 'october-2013'/,
    )
    assert.match(refusal({ tls: 1 as never }), /^bad-argument tls/)
    assert.match(refusal({ duplicate: 0 }), /^bad-argument duplicate: .*20, got 0/)
    assert.match(refusal({ duplicate: 21 }), /^bad-argument duplicate: .*20, got 21/)
    assert.match(refusal({ duplicate: 9, parameters: { k: 8 } }), /^bad-argument duplicate: .*8, got 9/)
    assert.match(refusal({ replicateIntervalMs: 99 }), /^bad-argument replicateIntervalMs/)
    assert.match(refusal({ republishIntervalMs: 49 }), /^bad-argument republishIntervalMs/)
    assert.match(refusal({ banMs: 1.5 }), /^bad-argument banMs/)
    assert.match(refusal({ keyExpireMs: 1 } as never), /^unknown-option/)
    assert.match(refusal({ parameters: { idBytes: 20 } as never }), /parameter/)
  })

  test('is one address, of IPv4 or of IPv6', () => {
    for (const host of ['127.0.0.1', '::1', ['::1']]) assert.equal(refusal({ host }), 'taken')
    assert.match(refusal({ host: ['127.0.0.1', '127.0.0.2'] }), /^bad-argument host/)
    assert.match(refusal({ host: ['127.0.0.1', '::1'] }), /^bad-argument host: expected one address/)
  })
})
