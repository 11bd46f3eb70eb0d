// The options of a drogulus node: the numbers of the original, what follows from what, and what is refused.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readRsaKeyPair } from '../../../src/networks/drogulus/keys/identity.ts'
import { resolveOptions, type DrogulusOptions } from '../../../src/networks/drogulus/options.ts'
import { XorbitError } from '../../../src/node/errors.ts'
import { simulatedKeyPairs } from '../../../src/simulator/drogulus-keys.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

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
  test('are the numbers of the original, but for its half an hour for an answer (drogulus B9)', () => {
    const { parameters, ...options } = resolveOptions({})
    const { k, alpha, maxFailures, bucketRefreshMs, replacementCacheSize, idBytes } = parameters
    assert.deepEqual(
      { k, alpha, maxFailures, bucketRefreshMs, replacementCacheSize, idBytes },
      {
        k: 20,
        alpha: 3,
        maxFailures: 5,
        bucketRefreshMs: HOUR,
        replacementCacheSize: 20,
        idBytes: 64,
      },
    )
    const { duplicate, replicateIntervalMs, port, tls, revision } = options
    assert.deepEqual(
      { duplicate, replicateIntervalMs, port, tls, revision },
      {
        duplicate: 20,
        replicateIntervalMs: HOUR,
        port: 1908,
        tls: true,
        revision: 'july-2013',
      },
    )
    assert.deepEqual([parameters.requestTimeoutMs, parameters.resendAfterMs], [15 * SECOND, []])
  })

  test('store again what is our own before holders do (drogulus B9)', () => {
    assert.equal(resolveOptions({}).republishIntervalMs, 54 * MINUTE)
    assert.equal(resolveOptions({ replicateIntervalMs: MINUTE }).republishIntervalMs, 54 * SECOND)
    assert.equal(
      resolveOptions({ replicateIntervalMs: MINUTE, republishIntervalMs: HOUR }).republishIntervalMs,
      HOUR,
    )
  })

  test('store on all of the closest, however many these are (drogulus B9)', () => {
    assert.equal(resolveOptions({ parameters: { k: 5 } }).duplicate, 5)
    assert.equal(resolveOptions({ parameters: { k: 5 }, duplicate: 3 }).duplicate, 3)
  })

  test('take an identity from nobody: it is made at the first start (drogulus B0)', () => {
    assert.equal(resolveOptions({}).identity, null)
  })
})

describe('An option of drogulus', () => {
  test('is refused with its name, what it got and what is allowed', () => {
    const revision = /^bad-argument revision: expected 'july-2013' or 'october-2013', got "april"/
    assert.match(refusal({ revision: 'april' as never }), revision)
    assert.match(refusal({ tls: 1 as never }), /^bad-argument tls/)
    assert.match(refusal({ duplicate: 21 }), /^bad-argument duplicate: .*20, got 21/)
    assert.match(refusal({ duplicate: 6, parameters: { k: 5 } }), /^bad-argument duplicate: .*5, got 6/)
    assert.match(refusal({ replicateIntervalMs: 99 }), /^bad-argument replicateIntervalMs/)
    assert.match(refusal({ republishIntervalMs: 1.5 }), /^bad-argument republishIntervalMs/)
    assert.match(refusal({ banMs: 0 }), /^bad-argument banMs/)
    assert.match(refusal({ keyExpireMs: 1 } as never), /^unknown-option/)
  })

  test('is one address, of IPv4 or of IPv6', () => {
    assert.deepEqual(resolveOptions({ host: '::1' }).hosts, ['::1'])
    assert.match(refusal({ host: ['127.0.0.1', '::1'] }), /^bad-argument host: expected one address/)
  })
})

describe('An identity', () => {
  const pair = simulatedKeyPairs[0]!

  test('is a key pair, or its private key as PEM', () => {
    assert.equal(resolveOptions({ identity: pair }).identity, pair)
    const { identity } = resolveOptions({ identity: pair.privateKey })
    assert.equal(identity?.publicKey, readRsaKeyPair(pair.privateKey).publicKey)
  })

  test('is shown by no error, whatever it was', () => {
    const secret = pair.privateKey.slice(0, -60)
    const told = refusal({ identity: secret })
    assert.match(told, /^bad-argument /)
    assert.ok(!told.includes(secret.slice(40, 60)))
    assert.match(refusal({ identity: pair.publicKey }), /^bad-argument /)
    assert.match(refusal({ identity: { publicKey: pair.publicKey } as never }), /^bad-argument identity/)
  })
})
