// Tokens against those that the originals made of the same secrets (khashmir A2).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toHex } from '../../../src/kademlia/id.ts'
import { defaultParameters } from '../../../src/kademlia/parameters.ts'
import { WriteTokens } from '../../../src/kademlia/write-tokens.ts'
import { BoundTokens } from '../../../src/networks/khashmir/bound-tokens.ts'
import { sha1 } from '../../../src/node/system.ts'
import { khashmirVectors } from '../../khashmir-vectors.ts'

describe('A token', () => {
  for (const { commit, decoded, hex } of khashmirVectors({ name: 'token' })) {
    const { ip, secret } = decoded as { ip: string; secret: string }
    test(`for ${ip} is the recorded one of the same secret (${commit}, khashmir A2)`, () => {
      const tokens = new BoundTokens(
        new WriteTokens({
          parameters: { ...defaultParameters, tokenBytes: 20, tokenSecrets: 3 },
          random: { bytes: () => Uint8Array.from(Buffer.from(secret, 'hex')), fraction: () => 0 },
          hash: sha1,
          now: 0,
        }),
      )
      assert.equal(toHex(tokens.issue(ip, 0)), toHex(hex))
      assert.ok(tokens.verify(hex, ip, 0))
      assert.equal(tokens.verify(hex, '127.0.0.9', 0), false)
    })
  }
})
