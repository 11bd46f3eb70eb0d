// xorbit store and xorbit values: values of khashmir, of arguments, files and stdin, in a real network of nodes on loopback.
import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Khashmir } from '../../src/index.ts'
import { launch, objects, run, runWith, temporaryFolder, testnet, wordsOf } from './command.ts'

const KEY = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a'
const NOBODYS = '00000000000000000000000000000000000000ff'
const IN = ['--network', 'khashmir']
const ALONE = [...IN, '--host', '127.0.0.1', '--port', '0']
const folder = temporaryFolder()

let through: string[]
/** A socket that counts packets and says nothing. */
let silent: Socket
let silence: string[]
let heard = 0

before(async () => {
  const { bootstrap } = await testnet(12, ...IN)
  through = ['--bootstrap', bootstrap]
  silent = createSocket('udp4').bind(0, '127.0.0.1')
  silent.on('message', () => heard++)
  await once(silent, 'listening')
  silence = ['--bootstrap', `127.0.0.1:${silent.address().port}`]
})
after(() => silent.close())

/** A key that no other test uses: 39 zeros and a digit. */
function keyOf(digit: string): string {
  return digit.padStart(40, '0')
}

function inFolder(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('xorbit store and xorbit values', { concurrency: 2 }, () => {
  test('store values beside each other, say how to find them, and find them all', async () => {
    const stored = await run('store', KEY, 'Hello World!', ...through)
    assert.equal(stored.stdout, `stored on 6 of 6 nodes\nkey  ${KEY}\n`)
    const [, advice] =
      /^find it \(for three hours; longer with --keep-alive\): {2}(npx .*)\n$/.exec(stored.stderr) ?? []
    assert.deepEqual(wordsOf(advice!), ['values', KEY, ...through])
    assert.equal(stored.code, 0)
    assert.equal((await run('store', KEY, 'née', ...through)).code, 0)
    const found = await run(...wordsOf(advice!))
    assert.deepEqual(found.stdout.split('\n').toSorted(), ['', 'Hello World!', 'née'])
    assert.match(found.stderr, /^2 values, 6 nodes had values; \d+ of \d+ requests answered\n$/)
    assert.equal(found.code, 0)
  })

  test('do so as JSON, and nothing else on stdout or stderr', async () => {
    const stored = await run('store', keyOf('a').toUpperCase(), 'née', ...through, ...IN, '--json')
    assert.deepEqual(objects(stored.stdout), [{ key: keyOf('a'), stored: 6, asked: 6, refused: [] }])
    const found = await run('values', keyOf('a'), ...through, ...IN, '--json')
    assert.deepEqual(objects(found.stdout), [{ text: 'née', hex: '6ec3a965' }])
    assert.deepEqual([stored.code, found.code, stored.stderr + found.stderr], [0, 0, ''])
  })

  test('take text for a key with --text-key, cut or filled up to 20 bytes', async () => {
    const short = await run('store', '--text-key', 'today', 'a', ...through, '--json')
    assert.equal(objects(short.stdout)[0]!['key'], Buffer.from('today').toString('hex').padEnd(40, '0'))
    const long = 'a text of more than twenty bytes'
    await run('store', '--text-key', long, 'b', ...through)
    const found = await run('values', '--text-key', long, ...through)
    const cut = await run('values', '--text-key', long.slice(0, 20), ...through)
    assert.deepEqual([found.stdout, cut.stdout], ['b\n', 'b\n'])
  })

  test('take a file of bytes, stdin, the empty value, and what begins with a dash behind --', async () => {
    const key = keyOf('b')
    const file = inFolder('bytes', Buffer.alloc(1319, 0xfe))
    const written = [
      await run('store', key, '--file', file, ...through),
      await runWith('two\nlines\n', 'store', key, '-', ...through),
      await run('store', key, '', ...through),
      await run('store', ...through, '--', key, '--json'),
    ]
    for (const { code, stdout } of written)
      assert.deepEqual([code, stdout.slice(0, 22)], [0, 'stored on 6 of 6 nodes'])
    const { stdout } = await run('values', key, ...through, '--json')
    const found = objects(stdout).map(({ text, hex }) => text ?? hex)
    assert.deepEqual(new Set(found), new Set(['', '--json', 'fe'.repeat(1319), 'two\nlines\n']))
  })

  test('show a value on one line, and nothing that a terminal would obey (T33)', async () => {
    const key = keyOf('c')
    for (const value of ['one\ntwo', '\u001b[2Jred', 'a\u202eb'])
      await runWith(value, 'store', key, '-', ...through)
    const { stdout } = await run('values', key, ...through)
    const lines = ['1b5b324a726564', 'a\\u{202e}b', 'one\\u{a}two']
    assert.deepEqual(stdout.trimEnd().split('\n').toSorted(), lines)
  })

  test('end after --limit values', async () => {
    const key = keyOf('d')
    for (const value of ['1', '2', '3']) assert.equal((await run('store', key, value, ...through)).code, 0)
    const { code, stdout, stderr } = await run('values', key, '--limit', '2', ...through)
    assert.match(stdout, /^[123]\n[123]\n$/)
    assert.match(stderr, /^2 values, /)
    assert.equal(code, 0)
  })

  test('exit with 1 when there is nothing', async () => {
    const { code, stdout, stderr } = await run('values', NOBODYS, ...through)
    assert.match(stderr, new RegExp(`^xorbit: no values under ${NOBODYS}: \\d+ of \\d+ requests answered\n$`))
    assert.deepEqual([code, stdout], [1, ''])
    const json = await run('values', NOBODYS, ...through, '--json')
    assert.equal((objects(json.stderr)[0] as { error: { code: string } }).error.code, 'not-found')
    assert.deepEqual([json.code, json.stdout], [1, ''])
  })

  test('say whom they tried where nobody answers in time', async () => {
    for (const words of [
      ['store', KEY, 'x'],
      ['values', KEY],
    ]) {
      const { code, stderr } = await run(...words, '--timeout', '0.2', ...silence)
      const tried = silence.at(-1)
      assert.equal(stderr, `xorbit: nobody answered within 200 ms; tried ${tried}; --timeout allows more\n`)
      assert.equal(code, 1)
    }
  })
})

describe('xorbit store', { concurrency: 2 }, () => {
  test('refuses a value that is too large, from everywhere, before anybody is asked', async () => {
    const before = heard
    const large = Buffer.alloc(1320, 'x')
    const huge = inFolder('huge', '')
    truncateSync(huge, 5_000_000)
    const sources: [name: string, size: number, ended: ReturnType<typeof run>][] = [
      ['VALUE', 1320, run('store', KEY, large.toString(), ...silence)],
      ['VALUE', 1320, runWith(large, 'store', KEY, '-', ...silence)],
      ['--file', 1320, run('store', KEY, '--file', inFolder('large', large), ...silence)],
      ['--file', 5_000_000, run('store', KEY, '--file', huge, ...silence)],
    ]
    for (const [name, size, ended] of sources) {
      const { code, stdout, stderr } = await ended
      const allowed = 'at most 1319 bytes, for it must fit a datagram'
      assert.equal(stderr, `xorbit: ${name}: expected ${allowed}, got ${size} bytes\n`)
      assert.deepEqual([code, stdout], [2, ''])
    }
    const json = await run('store', KEY, large.toString(), ...silence, '--json')
    assert.equal((objects(json.stderr)[0] as { error: { code: string } }).error.code, 'too-large')
    assert.equal(heard, before)
  })

  test('tells who refuses, and exits with 1 where nobody takes it', async () => {
    const node = launch('start', ...ALONE, '--store', 'memory', '--role', 'read', '--json')
    const { host, port, role } = await node.event('listening')
    assert.equal(role, 'read')
    const there = ['--bootstrap', `127.0.0.1:${String(port)}`]
    const human = await run('store', KEY, 'x', ...there)
    assert.equal(human.stdout, `not stored, 1 refused: 203 (they take no values)\nkey  ${KEY}\n`)
    const json = await run('store', KEY, 'x', ...there, '--json')
    const refused = [{ host, port, code: 203 }]
    assert.deepEqual(objects(json.stdout), [{ key: KEY, stored: 0, asked: 1, refused }])
    assert.deepEqual([human.code, json.code, human.stderr + json.stderr], [1, 1, ''])
    await node.kill('SIGTERM')
  })

  test('--keep-alive stores, stays as a node that answers, and ends well at Ctrl-C', async () => {
    const own = await testnet(2, ...IN)
    const store = launch('store', KEY, 'kept', '--bootstrap', own.bootstrap, '--keep-alive', '--verbose')
    await store.prints(/^stored on 3 of 3 nodes\nkey {2}[0-9a-f]{40}\n/)
    await store.prints(
      /find it: {2}npx .*\nStays, to store it again before it expires\. Ctrl-C ends that\.\n/,
      'stderr',
    )
    const [, port] = await store.prints(/asking from 127\.0\.0\.1:(\d+) as/, 'stderr')
    await using asker = await Khashmir.open({ host: '127.0.0.1', port: 0, bootstrap: 'none', readOnly: true })
    const { reply } = await asker.query(`127.0.0.1:${port}`, { method: 'get_value', key: KEY })
    assert.deepEqual(reply.values?.map(String), [String(Buffer.from('kept').join())])
    const { code, stderr } = await store.kill('SIGINT')
    assert.equal(code, 0)
    assert.match(stderr, /\nstopping\n$/)
  })
})
