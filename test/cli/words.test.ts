// The small parts of the command: durations, text from outside, the data folder, help and version, the second Ctrl-C.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { dataFolder, defaultKeyFile, defaultRsaKeyFile, defaultStore } from '../../src/cli/data-folder.ts'
import { readDuration, shownDuration } from '../../src/cli/duration.ts'
import { MISUSE, toFailure } from '../../src/cli/failure.ts'
import { followUp } from '../../src/cli/follow-up.ts'
import type { NetworkName } from '../../src/cli/network.ts'
import { foundValue, shownTime } from '../../src/cli/shown-signed-value.ts'
import { readExpiry, readMeta } from '../../src/cli/value-options.ts'
import { Output } from '../../src/cli/output.ts'
import { printable } from '../../src/cli/printable.ts'
import { shownItem } from '../../src/cli/shown-item.ts'
import { shownValue, valueFacts } from '../../src/cli/shown-value.ts'
import { storedLine } from '../../src/cli/write-facts.ts'
import { decodeValue, encodeValue, textOf, type ValueLike } from '../../src/networks/mainline/items/value.ts'
import type { DrogulusValue } from '../../src/networks/drogulus/values/value.ts'
import { Khashmir } from '../../src/networks/khashmir/open.ts'
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
    ['1d', 86_400_000],
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
    assert.equal(defaultStore('khashmir', false, here), '/h/.local/share/xorbit/khashmir.sqlite')
  })
  test('has the key pair', () => {
    const on = { platform: 'linux', env: { XDG_DATA_HOME: '/data' }, home: '/h' } as const
    assert.equal(defaultKeyFile(on), '/data/xorbit/key.pem')
    assert.equal(defaultRsaKeyFile(on), '/data/xorbit/rsa-key.pem')
  })
})

describe('A found value', () => {
  const shown = (value: ValueLike, isTerminal: boolean): string => {
    const encoded = encodeValue(value)
    const item = { key: '', value: decodeValue(encoded), text: textOf(encoded), encoded, copies: 1 }
    return shownItem(item, isTerminal)
  }
  test('is shown to a pipe as it is, and to a terminal without what that would obey', () => {
    const text = 'a\tb\n\u001b[2Jc'
    assert.equal(shown(text, false), text)
    assert.equal(shown(text, true), 'a\tb\n\\u{1b}[2Jc')
    assert.equal(shown({ '\u009b': 1 }, true), '{"\\u{9b}":1}')
  })
  test('is JSON where it is neither text nor bytes, whatever is in it', () => {
    const odd = new Map<string | Uint8Array, ValueLike>([[Uint8Array.of(0xff), [-1, 2n ** 80n]]])
    assert.equal(shown(odd, false), '{"entries":[[{"hex":"ff"},[-1,1208925819614629174706176]]]}')
    assert.equal(shown([true, null, 0.5], false), '[true,null,0.5]')
    assert.equal(shown(Uint8Array.of(0xff, 0), false), 'ff00')
  })
})

describe('A value of many', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
  test('is one line of text, whatever is in it (T33)', () => {
    assert.equal(shownValue(bytes('née 日本')), 'née 日本')
    assert.equal(shownValue(bytes('one\ntwo\r\t')), 'one\\u{a}two\\u{d}\\u{9}')
    assert.equal(shownValue(bytes('a\u202eb\u2028c\ufeff')), 'a\\u{202e}b\\u{2028}c\\u{feff}')
  })
  test('is hex where it is no text, or has what no text has (T33)', () => {
    assert.equal(shownValue(Uint8Array.of(0xff, 0xfe)), 'fffe')
    assert.equal(shownValue(bytes('\u001b[2Jred')), '1b5b324a726564')
    assert.equal(shownValue(Uint8Array.of(127, 0, 0, 1, 0x24, 0x0a)), '7f000001240a')
    assert.equal(shownValue(bytes('\u009b')), 'c29b')
  })
  test('is both in JSON, the text null where it is no UTF-8', () => {
    assert.deepEqual(valueFacts(bytes('\ufeffa\u0007')), { text: '\ufeffa\u0007', hex: 'efbbbf6107' })
    assert.deepEqual(valueFacts(Uint8Array.of(0x61, 0xff)), { text: null, hex: '61ff' })
  })
})

describe('A signed value', () => {
  const facts = {
    key: '',
    publicKey: '',
    name: '',
    timestamp: 1,
    expires: null,
    meta: {},
    bytes: new Uint8Array(0),
  }
  test('is shown to a pipe as it is, and to a terminal without what that would obey (T33)', () => {
    const text = 'a\tb\n\u001b[2Jc<script>'
    const found = foundValue({ ...facts, value: text, text })
    assert.deepEqual([found.shown(false), found.shown(true)], [text, 'a\tb\n\\u{1b}[2Jc<script>'])
  })
  test('is JSON where it is neither text nor bytes, whatever is in it', () => {
    const shown = (value: DrogulusValue): string => foundValue({ ...facts, value, text: null }).shown(false)
    assert.equal(
      shown([NaN, -Infinity, 2n ** 63n]),
      '[{"float":"NaN"},{"float":"-Infinity"},9223372036854775808]',
    )
    assert.equal(shown(new Map<DrogulusValue, DrogulusValue>([[1, null]])), '{"entries":[[1,null]]}')
    assert.equal(shown(JSON.parse('{"__proto__":1}') as DrogulusValue), '{"__proto__":1}')
  })
  test('has a time of any size', () => {
    assert.equal(shownTime(1.5), '1970-01-01T00:00:01.500Z')
    for (const far of [-1, 1e300, NaN]) assert.equal(shownTime(far), `${far} seconds since 1970`)
  })
  test('expires after a duration, on a date, or never', () => {
    const now = Date.UTC(2030, 0, 1)
    const read = (text: string): string | undefined => readExpiry(text, now)?.toISOString()
    assert.equal(read('90'), '2030-01-01T00:01:30.000Z')
    assert.equal(read('36h'), '2030-01-02T12:00:00.000Z')
    assert.equal(read('7d'), '2030-01-08T00:00:00.000Z')
    assert.equal(read('2030-02-03'), '2030-02-03T00:00:00.000Z')
    assert.equal(read('2030-02-03T04:05:06+01:00'), '2030-02-03T03:05:06.000Z')
    assert.equal(read('never'), undefined)
    for (const text of ['', '0', '-1h', '1y', '2030-01-01', '2030-02-30', '2030-2-3', '9e9', '99999999d']) {
      assert.throws(() => read(text), /--expires: expected a time to come/, text)
    }
  })
  test('has texts beside it, each under a word of its own', () => {
    assert.deepEqual(
      readMeta(['a=b=c', '__proto__=', 'd= ']),
      JSON.parse('{"a":"b=c","__proto__":"","d":" "}'),
    )
    for (const texts of [['a'], ['=a'], ['a=1', 'b=2', 'a=1']])
      assert.throws(() => readMeta(texts), /--meta: /)
  })
})

describe('An error of the library', () => {
  test('is misuse where a node is asked for what its role has not', async () => {
    const options = { host: '127.0.0.1', port: 0, bootstrap: 'none', role: 'nodes' } as const
    await using node = await Khashmir.open(options)
    await assert.rejects(node.store('00'.repeat(20), 'a'), (error) => {
      const { code, exitCode } = toFailure(error)
      assert.deepEqual([code, exitCode], ['not-in-role', MISUSE])
      return true
    })
  })
})

describe('What came of a write', () => {
  const lineOf = (network: NetworkName, stored: number, ...codes: (number | string)[]): string => {
    const refused = codes.map((code) => ({ host: '127.0.0.1', port: 1, code }))
    const report = { key: '', stored, asked: stored + codes.length, accepted: [], refused }
    return storedLine(report, new Output({}), network)
  }
  const line = (stored: number, ...codes: (number | string)[]): string => lineOf('mainline', stored, ...codes)
  test('is told in words, each reason once', () => {
    assert.equal(line(8), 'stored on 8 of 8 nodes')
    assert.equal(line(7, 302), 'stored on 7 of 8 nodes, 1 refused: 302 (a newer one is there)')
    assert.equal(
      line(4, 205, 'timeout', 205, 999),
      'stored on 4 of 8 nodes, 2 refused: 205 (the value is too large), 1: timeout, 1 refused: 999',
    )
    assert.equal(line(0, 'timeout', 'timeout'), 'not stored on any of 2 nodes, 2: timeout')
    assert.equal(line(0), 'not stored')
  })
  test('is told in the words of its network: the same codes mean other things in another', () => {
    assert.equal(
      line(1, 203),
      'stored on 1 of 2 nodes, 1 refused: 203 (our token is too old, or the query is wrong)',
    )
    assert.equal(lineOf('khashmir', 1, 203), 'stored on 1 of 2 nodes, 1 refused: 203 (they take no values)')
    assert.equal(lineOf('khashmir', 0, 205), 'not stored, 1 refused: 205 (our token is too old)')
    assert.equal(lineOf('drogulus', 2, 8), 'stored on 2 of 3 nodes, 1 refused: 8 (a newer one is there)')
  })
})

describe('The next command', () => {
  test('is what a shell reads as the same words, in the same network', () => {
    const flags = { host: ['127.0.0.1'], bootstrap: ['[::1]:6881', 'a.example:1'], private: true } as const
    assert.equal(
      followUp(['get', 'ab'], flags),
      "npx xorbit get ab --host 127.0.0.1 --bootstrap '[::1]:6881' --bootstrap a.example:1 --private",
    )
    assert.equal(followUp(['resolve', 'ab', "it's $HOME"]), "npx xorbit resolve ab 'it'\\''s $HOME'")
    assert.equal(followUp(['resolve', 'ab', '-x'], {}, ['--raw']), 'npx xorbit resolve --raw -- ab -x')
    assert.equal(
      followUp(['get', 'ab'], { network: 'drogulus', tls: false, revision: 'october-2013' }),
      'npx xorbit get ab --network drogulus --no-tls --revision october-2013',
    )
    assert.equal(followUp(['resolve', 'a\u001bb']), "npx xorbit resolve 'a\\u{1b}b'")
  })
})

const COMMANDS =
  'start testnet ping lookup announce peers scrape sample put get publish resolve store values keygen'.split(
    ' ',
  )

describe('The help', { concurrency: 2 }, () => {
  test('lists the commands', async () => {
    const { code, stdout } = await run('--help')
    for (const name of COMMANDS) assert.match(stdout, new RegExp(`^  ${name} `, 'm'))
    assert.equal(code, 0)
  })
  for (const name of COMMANDS) {
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
