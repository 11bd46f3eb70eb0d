import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { verifySignature } from '../../../../src/networks/mainline/keys/signature.ts'

interface Case {
  about: string
  message: string
  publicKey: string
  signature: string
}

/** Bytes of hex digits. */
const bytes = (hex: string): Uint8Array => Uint8Array.fromHex(hex)

describe('A signature at the edges of Ed25519 (ed25519-speccheck)', () => {
  const path = new URL('../../../vectors/ed25519-speccheck.json', import.meta.url)
  const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: Case[] }
  // One verdict for each vector, whatever the runtime says; libsodium gives the same.
  const verdicts = [
    [0, false],
    [1, false],
    [2, false],
    [3, false],
    [4, false],
    [5, false],
    [6, true],
    [7, false],
    [8, false],
    [9, false],
    [10, false],
    [11, false],
    [12, false],
    [13, false],
    [14, false],
    [15, false],
    [16, false],
  ] as const

  test('has a verdict in the table', () => assert.equal(cases.length, verdicts.length))

  for (const [index, good] of verdicts) {
    const { about, message, publicKey, signature } = cases[index]!
    test(`is ${good ? 'good' : 'refused'}: ${about} (B44-23, T20)`, () =>
      assert.equal(verifySignature(bytes(publicKey), bytes(message), bytes(signature)), good))
  }
})
