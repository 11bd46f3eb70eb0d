// The end of the process, where a call hangs in the system that nobody can take back.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { temporaryFolder } from './command.ts'

const EXIT = new URL('../../src/cli/exit.ts', import.meta.url).href

describe('The process', () => {
  test(
    'ends with its code though a call hangs in the thread pool',
    { skip: process.platform === 'win32' },
    () => {
      const pipe = join(temporaryFolder(), 'pipe')
      assert.equal(spawnSync('mkfifo', [pipe]).status, 0)
      // Opening a pipe waits for who writes into it.
      const script = `
      import { open } from 'node:fs/promises'
      import { exitWith } from ${JSON.stringify(EXIT)}
      open(${JSON.stringify(pipe)})
      process.stdout.write('said')
      await exitWith(7)`
      const words = ['--input-type=module', '--eval', script]
      // No measurement: it only ends what hangs.
      const ended = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: 60_000 })
      assert.deepEqual([ended.status, ended.signal, ended.stdout], [7, null, 'said'])
    },
  )

  test(
    'ends with its code though a key is made that takes minutes',
    { skip: process.platform === 'win32' },
    () => {
      // Nothing shows that it goes on but the time that the process would take to end.
      const script = `
      import { generateKeyPair } from 'node:crypto'
      import { promisify } from 'node:util'
      import { exitWith, inThreadPool } from ${JSON.stringify(EXIT)}
      inThreadPool(promisify(generateKeyPair)('rsa', { modulusLength: 16384 }))
      process.stdout.write('said')
      await exitWith(7)`
      const words = ['--input-type=module', '--eval', script]
      const ended = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: 60_000 })
      assert.deepEqual([ended.status, ended.signal, ended.stdout], [7, null, 'said'])
    },
  )
})
