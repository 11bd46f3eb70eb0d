// The options of a khashmir node: the numbers of both presets, what follows from what, and what is refused.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveOptions, type KhashmirOptions } from '../../../src/networks/khashmir/options.ts'
import { XorbitError } from '../../../src/node/errors.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** What docs/wire/khashmir.md has in its table, in the order of its rows. */
function numbersOf(options: KhashmirOptions) {
  const { parameters, storeRedundancy, retrieveValues, keyExpireMs, keyRefreshMs, anyTransaction, port } =
    resolveOptions(options)
  const { k, alpha, resendAfterMs, requestTimeoutMs, maxFailures, goodForMs } = parameters
  const { bucketRefreshMs, checkpointMs } = parameters
  const first = [k, alpha, storeRedundancy, retrieveValues, keyExpireMs, keyRefreshMs, resendAfterMs]
  const next = [requestTimeoutMs, maxFailures, goodForMs, bucketRefreshMs, checkpointMs, anyTransaction, port]
  return [...first, ...next]
}

const COMMON = [3, 15 * MINUTE, HOUR, 5 * MINUTE]
const HEAD = [8, 8, 6, -10_000, 3 * HOUR, 2.5 * HOUR, [2 * SECOND, 6 * SECOND], 9 * SECOND, ...COMMON]
const MARCH = [8, 4, 3, -10_000, HOUR, 57 * MINUTE, [], 20 * SECOND, ...COMMON]

function refusal(options: KhashmirOptions): string {
  try {
    resolveOptions(options)
  } catch (error) {
    if (error instanceof XorbitError) return `${error.code} ${error.message}`
    throw error
  }
  return 'taken'
}

describe('The defaults of khashmir', () => {
  test('are the numbers of the last version (khashmir A9)', () => {
    assert.deepEqual(numbersOf({}), [...HEAD, false, 9977])
    assert.deepEqual(numbersOf({ preset: 'head' }), [...HEAD, false, 9977])
  })

  test('are those of March 2008 when that is asked for (khashmir A9)', () => {
    assert.deepEqual(numbersOf({ preset: 'march-2008' }), [...MARCH, true, 9977])
  })

  test('give way to what is given, one by one (khashmir A9)', () => {
    const { storeRedundancy, parameters } = resolveOptions({
      preset: 'march-2008',
      storeRedundancy: 5,
      parameters: { alpha: 2 },
    })
    assert.deepEqual([storeRedundancy, parameters.alpha, parameters.requestTimeoutMs], [5, 2, 20 * SECOND])
  })

  test('have a new token secret with each checkpoint, of which three count (khashmir A2)', () => {
    const { parameters } = resolveOptions({ parameters: { checkpointMs: MINUTE } })
    assert.deepEqual([parameters.tokenRotationMs, parameters.tokenSecrets], [MINUTE, 3])
  })

  test('store again before a value expires, however short its life is', () => {
    assert.equal(resolveOptions({ keyExpireMs: MINUTE }).keyRefreshMs, 54 * SECOND)
    assert.equal(resolveOptions({ keyExpireMs: MINUTE, keyRefreshMs: HOUR }).keyRefreshMs, HOUR)
  })

  test('serve and use everything, under ids without a version (khashmir A0)', () => {
    const { role, version, parameters } = resolveOptions({})
    assert.deepEqual([role, version, parameters.mergesBuckets], ['write', '', true])
  })
})

describe('An option of khashmir', () => {
  test('is refused with its name, what it got and what is allowed', () => {
    assert.match(
      refusal({ preset: 'april' as never }),
      /^bad-argument preset: expected 'head' or 'march-2008'/,
    )
    assert.match(
      refusal({ role: 'all' as never }),
      /^bad-argument role: expected 'nodes' or 'read' or 'write'/,
    )
    assert.match(refusal({ version: 'A00000000' }), /^bad-argument version: expected text of at most 8 bytes/)
    assert.match(refusal({ version: 7 as never }), /^bad-argument version/)
    assert.match(refusal({ storeRedundancy: 9 }), /^bad-argument storeRedundancy: .*8, got 9/)
    assert.match(refusal({ retrieveValues: -10_001 }), /^bad-argument retrieveValues/)
    assert.match(refusal({ keyExpireMs: 99 }), /^bad-argument keyExpireMs/)
    assert.match(refusal({ keyRefreshMs: 1.5 }), /^bad-argument keyRefreshMs/)
    assert.match(refusal({ mergeBuckets: 1 as never }), /^bad-argument mergeBuckets/)
    assert.match(refusal({ announceIntervalMs: 1 } as never), /^unknown-option/)
  })

  test('is no address of IPv6, nor more than one of IPv4', () => {
    assert.match(refusal({ host: '::1' }), /^bad-argument host: expected an IPv4 address/)
    assert.match(
      refusal({ host: ['127.0.0.1', '127.0.0.2'] }),
      /^bad-argument host: expected at most 1 address/,
    )
    assert.match(refusal({ bootstrap: ['[::1]:9977'], host: '127.0.0.1' }), /^bad-argument bootstrap/)
  })

  test('may ask for as many holders as a bucket has contacts', () => {
    assert.equal(resolveOptions({ parameters: { k: 20 }, storeRedundancy: 20 }).storeRedundancy, 20)
  })
})
