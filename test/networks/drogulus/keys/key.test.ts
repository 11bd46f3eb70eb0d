import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { keyOf } from '../../../../src/networks/drogulus/keys/key.ts'
import { DROGULUS_COMMITS, drogulusVectors, recordedMsgPack } from '../../../drogulus-vectors.ts'
import type { RecordedFields } from '../../../drogulus-vectors.ts'
import { pemOf, utf8 } from './recorded-keys.ts'

describe('The key of a value', () => {
  for (const commit of DROGULUS_COMMITS) {
    for (const { decoded, hex, note } of drogulusVectors({ name: 'construct_key', commit })) {
      const { name, public_key } = decoded as RecordedFields
      test(`is that of the original: ${commit}, ${note.split(':')[0]!}, ${JSON.stringify(name)} (drogulus B3)`, () => {
        const publicKey = recordedMsgPack(public_key!) as Uint8Array
        assert.deepEqual(keyOf(publicKey, recordedMsgPack(name!) as Uint8Array), hex)
      })
    }
  }

  test('does not change with any white space of Python 2 around the public key (drogulus B3)', () => {
    const publicKey = pemOf('rsa_a', 'public')
    const key = keyOf(publicKey, utf8('n'))
    assert.deepEqual(keyOf(`\t\n\v\f\r ${publicKey} \r\f\v\n\t`, utf8('n')), key)
    for (const other of ['\0', '\x1c', '\u0085', '\u00a0', '\b', '\x0e']) {
      assert.notDeepEqual(keyOf(publicKey + other, utf8('n')), key, JSON.stringify(other))
    }
    assert.deepEqual(keyOf(' \n', utf8('n')), keyOf('', utf8('n')))
  })

  test('takes the name as it is', () => {
    const publicKey = pemOf('rsa_a', 'public')
    assert.notDeepEqual(keyOf(publicKey, utf8('n ')), keyOf(publicKey, utf8('n')))
    assert.deepEqual(keyOf(utf8(publicKey), utf8('n')), keyOf(publicKey, utf8('n')))
  })
})
