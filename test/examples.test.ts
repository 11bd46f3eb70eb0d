// The examples run to their end, by themselves, and print what they promise.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

const promised: Readonly<Record<string, RegExp>> = {
  'announce-and-find.ts': /^stored on 8 of 8 nodes\nfound 127\.0\.0\.1:8080\n$/,
  'publish-and-resolve.ts':
    /^key {4}[0-9a-f]{64}\nseq 1 {2}stored on 8 of 8 nodes\nseq 2 {2}stored on 8 of 8 nodes\nfound {2}\{"mood":"better"\} seq 2, 8 copies\n$/,
  'signed-values.ts':
    /^stored on 8 of 8 nodes\nstored on 8 of 8 nodes, newer: true\nfound \{"mood":"better"\} as application\/json\n$/,
  'values.ts':
    /^stored on 6 of 6 nodes\nfound http:\/\/192\.0\.2\.1:9977\/\nfound http:\/\/192\.0\.2\.2:9977\/\n6 nodes hold both\n$/,
  'watch-a-lookup.ts':
    /^from ([0-9a-f]{40})\n {2}to ([0-9a-f]{40})\n(?: *[0-9a-f]{8} shares .*\n)+closest: \2\n$/,
}

describe('The examples', () => {
  for (const [name, output] of Object.entries(promised)) {
    test(`${name} prints what it promises`, () => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [`examples/${name}`], {
        cwd: root,
        encoding: 'utf8',
        timeout: 60_000,
      })
      assert.match(stdout, output)
      assert.deepEqual([status, stderr], [0, ''])
    })
  }

  test('are all named here', () => {
    assert.deepEqual(
      globSync('*.ts', { cwd: `${root}/examples` }).toSorted(),
      Object.keys(promised).toSorted(),
    )
  })
})
