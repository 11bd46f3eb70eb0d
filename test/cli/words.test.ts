// The small parts of the command: durations, text from outside, the data folder, help and version, the second Ctrl-C.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { dataFolder, defaultStore } from '../../src/cli/data-folder.ts'
import { readDuration, shownDuration } from '../../src/cli/duration.ts'
import { printable } from '../../src/cli/printable.ts'
import manifest from '../../package.json' with { type: 'json' }
import { run } from './command.ts'

const cli = new URL('../../src/cli/', import.meta.url)

describe('A duration', () => {
  const read: [string, number][] = [
    ['500ms', 500],
    ['5s', 5_000],
    ['5', 5_000],
    ['0.25', 250],
    ['1.5s', 1_500],
    ['2m', 120_000],
    ['24h', 86_400_000],
  ]
  for (const [text, ms] of read)
    test(`${text} is ${ms} ms`, () => assert.equal(readDuration('--timeout', text), ms))
  for (const text of ['', '0', '-1', '5 s', '5sec', '1e3', 'Infinity', '25h', '0.1ms', '٣']) {
    test(`is not '${text}'`, () => {
      assert.throws(() => readDuration('--timeout', text), /--timeout: expected a duration from 1ms to 24h/)
    })
  }
  test('is shown in the largest unit that leaves it whole', () => {
    assert.deepEqual([500, 1_500, 5_000, 60_000, 7_200_000].map(shownDuration), [
      '500 ms',
      '1500 ms',
      '5 s',
      '1 m',
      '2 h',
    ])
  })
})

describe('Text from outside', () => {
  test('is shown without what a terminal would obey', () => {
    assert.equal(
      printable('a\u001b[2Jb\u0007\r\nc\u202ed\u2028e\u009bf\ud800'),
      'a\\u{1b}[2Jb\\u{7}\\u{d}\\u{a}c\\u{202e}d\\u{2028}e\\u{9b}f\\u{d800}',
    )
  })
  test('keeps its letters', () => assert.equal(printable('née 日本 🐢 "x"'), 'née 日本 🐢 "x"'))
})

describe('The data folder', () => {
  const on = (platform: NodeJS.Platform, env: Record<string, string>, home: string): string =>
    dataFolder({ platform, env, home })
  test('is where each system keeps data', () => {
    assert.equal(on('linux', {}, '/home/u'), '/home/u/.local/share/xorbit')
    assert.equal(on('linux', { XDG_DATA_HOME: '/data' }, '/home/u'), '/data/xorbit')
    assert.equal(on('linux', { XDG_DATA_HOME: 'relative' }, '/home/u'), '/home/u/.local/share/xorbit')
    assert.equal(on('darwin', {}, '/Users/u'), '/Users/u/Library/Application Support/xorbit')
    assert.equal(on('win32', { LOCALAPPDATA: 'C:\\L' }, 'C:\\u'), 'C:\\L\\xorbit')
    assert.equal(on('win32', {}, 'C:\\u'), 'C:\\u\\AppData\\Local\\xorbit')
  })
  test('has one file a network', () => {
    const here = { platform: 'linux', env: {}, home: '/h' } as const
    assert.equal(defaultStore('mainline', false, here), '/h/.local/share/xorbit/mainline.sqlite')
    assert.equal(defaultStore('mainline', true, here), '/h/.local/share/xorbit/mainline-private.sqlite')
  })
})

describe('The help', { concurrency: 2 }, () => {
  test('lists the commands', async () => {
    const { code, stdout } = await run('--help')
    for (const name of ['start', 'testnet', 'ping', 'lookup', 'announce', 'peers'])
      assert.match(stdout, new RegExp(`^  ${name} `, 'm'))
    assert.equal(code, 0)
  })
  for (const name of ['start', 'testnet', 'ping', 'lookup', 'announce', 'peers']) {
    test(`of ${name} has its options and examples`, async () => {
      const { code, stdout, stderr } = await run(name, '--help')
      for (const part of [
        `Usage: xorbit ${name}`,
        '--json',
        '--timeout',
        '--verbose',
        'Examples:',
        `$ xorbit ${name}`,
      ]) {
        assert.ok(stdout.includes(part), part)
      }
      assert.deepEqual([code, stderr], [0, ''])
    })
  }
})

describe('The version', () => {
  test('is said without loading anything else', () => {
    const hook = `import { registerHooks } from 'node:module'
      registerHooks({ resolve(name, context, next) { console.error(name); return next(name, context) } })`
    const args = [
      '--import',
      `data:text/javascript,${encodeURIComponent(hook)}`,
      fileURLToPath(new URL('main.ts', cli)),
    ]
    const { stdout, stderr } = spawnSync(process.execPath, [...args, '--version'], { encoding: 'utf8' })
    assert.equal(stdout, `${manifest.version}\n`)
    const loaded = stderr
      .trim()
      .split('\n')
      .filter((name) => !name.endsWith('cli/main.ts'))
    assert.deepEqual(loaded, ['node:fs'])
  })
})

describe('The second Ctrl-C', () => {
  test('ends a command that hangs while it is closing', { skip: process.platform === 'win32' }, async () => {
    const code = `const { Ending } = await import(${JSON.stringify(new URL('ending.ts', cli).href)})
      const { Output } = await import(${JSON.stringify(new URL('output.ts', cli).href)})
      const ending = new Ending(new Output({}), null)
      setInterval(() => {}, 1000)
      console.log('running')
      await ending.whenStopped()
      console.log('closing')
      await new Promise(() => {})`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    await once(child.stdout, 'data')
    const again = setInterval(() => child.kill('SIGINT'), 50)
    const [exit] = (await once(child, 'exit')) as [number]
    clearInterval(again)
    assert.equal(exit, 130)
  })
})
