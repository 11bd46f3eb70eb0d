// Whether every recorded line of drogulus has a judge. What the judges say is in their own files.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readRsaKeyPair } from '../../../src/networks/drogulus/keys/identity.ts'
import { DROGULUS_COMMITS, drogulusVectors, type DrogulusVector } from '../../drogulus-vectors.ts'
import { pemOf } from './keys/recorded-keys.ts'

/** The judge of a line; '': it has none. */
function judgeOf({ name, direction, requesterAddr, transport }: DrogulusVector): string {
  if (direction === 'function') return FUNCTIONS[name] ?? ''
  if (requesterAddr !== undefined) return 'vectors.test.ts'
  if (transport === 'tls') return 'tls-vectors.test.ts'
  return name.startsWith('client-') ? 'client-vectors.test.ts' : ''
}

const FUNCTIONS: Readonly<Record<string, string>> = {
  keys: 'lines.test.ts',
  construct_key: 'keys/key.test.ts',
  signature: 'keys/signature.test.ts',
  'py2-dict-order': 'keys/python-order.test.ts',
}

describe('A recorded line', () => {
  test('has a judge, each of the 611', () => {
    const counts = Object.fromEntries(
      Map.groupBy(drogulusVectors(), judgeOf)
        .entries()
        .map(([judge, lines]) => [judge, lines.length]),
    )
    assert.deepEqual(counts, {
      'lines.test.ts': 3,
      'keys/key.test.ts': 24,
      'keys/signature.test.ts': 63,
      'keys/python-order.test.ts': 60,
      'vectors.test.ts': 402,
      'tls-vectors.test.ts': 42,
      'client-vectors.test.ts': 17,
    })
    assert.equal(drogulusVectors().length, 611)
  })
})

describe('A recorded key pair', () => {
  for (const commit of DROGULUS_COMMITS) {
    test(`is one, and the same in all versions: ${commit} (drogulus B3)`, () => {
      const [line, ...more] = drogulusVectors({ name: 'keys', commit })
      assert.equal(more.length, 0)
      const pems = line!.decoded as Readonly<Record<string, string>>
      for (const name of ['rsa_a', 'rsa_b']) {
        assert.equal(
          readRsaKeyPair(pems[`${name}_private_pem`]!).publicKey,
          pems[`${name}_public_pem`]!.trim(),
        )
        for (const part of ['private', 'public'] as const) {
          assert.equal(pems[`${name}_${part}_pem`], pemOf(name, part))
        }
      }
    })
  }
})
