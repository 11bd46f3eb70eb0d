// xorbit put and xorbit get: values of arguments, files and stdin, stored in a real network of nodes on loopback.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Mainline } from '../../src/index.ts'
import { launch, objects, run, Running, runWith, temporaryFolder, testnet, wordsOf } from './command.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const HELLO = 'e5f96f6f38320f0f33959cb4d3d656452117aadb'
const NOBODYS = '00000000000000000000000000000000000000ff'
const windows = process.platform === 'win32'
const folder = temporaryFolder()
/** The most that fits, and no UTF-8. */
const binary = Buffer.alloc(996, 0xfe)

let through: string[]
let dht: Mainline
/** A socket that counts packets and says nothing. */
let silent: Socket
let silence: string[]
let heard = 0

before(async () => {
  const { bootstrap } = await testnet(12)
  through = ['--bootstrap', bootstrap]
  dht = await Mainline.open({ host: '127.0.0.1', port: 0, bootstrap: [bootstrap], readOnly: true })
  silent = createSocket('udp4').bind(0, '127.0.0.1')
  silent.on('message', () => heard++)
  await once(silent, 'listening')
  silence = ['--bootstrap', `127.0.0.1:${silent.address().port}`]
})
after(async () => {
  silent.close()
  await dht.close()
})

function inFolder(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('xorbit put and xorbit get', { concurrency: 2 }, () => {
  test('store a value, say how to find it, and find it (B44-01)', async () => {
    const put = await run('put', 'Hello World!', ...through)
    assert.equal(put.stdout, `stored on 8 of 8 nodes\nkey  ${HELLO}\n`)
    const [, advice] =
      /^find it \(for two hours; longer with --keep-alive\): {2}(npx .*)\n$/.exec(put.stderr) ?? []
    assert.deepEqual(wordsOf(advice!), ['get', HELLO, ...through])
    assert.equal(put.code, 0)
    const got = await run(...wordsOf(advice!))
    assert.deepEqual([got.code, got.stdout, got.stderr], [0, 'Hello World!\n', ''])
  })

  test('do so as JSON, and nothing else on stdout or stderr', async () => {
    const put = await run('put', 'née', ...through, '--json')
    const [report] = objects(put.stdout)
    const { key } = report as { key: string }
    assert.deepEqual(objects(put.stdout), [{ key, stored: 8, asked: 8, refused: [] }])
    const got = await run('get', key.toUpperCase(), ...through, '--json')
    assert.deepEqual(objects(got.stdout), [{ key, text: 'née', hex: '6ec3a965' }])
    assert.equal(put.stderr + got.stderr, '')
  })

  test('take stdin as it is, also when it comes late', async () => {
    const put = await runWith('two\nlines\n', 'put', '-', ...through, '--json')
    const { key } = objects(put.stdout)[0] as { key: string }
    const got = await run('get', key, ...through)
    assert.equal(got.stdout, 'two\nlines\n\n')
    const late = new Running(['put', '-', ...through, '--json'], {}, null)
    await new Promise((resolve) => late.child.once('spawn', resolve))
    late.child.stdin!.end('two\nlines\n')
    assert.equal((objects((await late.ended).stdout)[0] as { key: string }).key, key)
  })

  test('take the empty value, and what begins with a dash behind --', async () => {
    for (const value of ['', '--json']) {
      const { stdout } = await run('put', ...through, '--', value)
      const [, key] = /^key {2}([0-9a-f]{40})$/m.exec(stdout)!
      const got = await run('get', key!, ...through, '--json')
      assert.deepEqual(objects(got.stdout), [{ key, text: value, hex: Buffer.from(value).toString('hex') }])
    }
  })

  test('keep the bytes of a file: as hex, raw, and in a new file (B44-05)', async () => {
    const put = await run('put', '--file', inFolder('binary', binary), ...through, '--json')
    const { key, stored } = objects(put.stdout)[0] as { key: string; stored: number }
    assert.equal(stored, 8)
    const hex = binary.toString('hex')
    assert.equal((await run('get', key, ...through)).stdout, `${hex}\n`)
    assert.deepEqual(objects((await run('get', key, ...through, '--json')).stdout), [
      { key, text: null, hex },
    ])
    const raw = spawnSync(process.execPath, [MAIN, 'get', key, '--raw', ...through])
    assert.deepEqual(raw.stdout, binary)
    const file = join(folder, 'copy')
    const written = await run('get', key, '--output', file, ...through)
    assert.equal(written.stdout, `wrote 996 bytes to ${file}\n`)
    assert.deepEqual(readFileSync(file), binary)
    const json = await run('get', key, '--output', `${file}-2`, ...through, '--json')
    assert.deepEqual(objects(json.stdout), [{ key, text: null, hex, file: `${file}-2` }])
  })

  test('print what is no string as JSON, to the last digit, and as the bytes that are stored', async () => {
    const { key } = await dht.put({ list: [1, 2n ** 60n], raw: Buffer.from([0xff]) }, { keepAlive: false })
    const hex = Buffer.from('d4:listli1ei1152921504606846976ee3:raw1:\u00ffe', 'latin1').toString('hex')
    const value = '{"list":[1,1152921504606846976],"raw":{"hex":"ff"}}'
    assert.equal((await run('get', key, ...through)).stdout, `${value}\n`)
    const json = await run('get', key, ...through, '--json')
    assert.equal(json.stdout, `{"key":"${key}","text":null,"hex":"${hex}","value":${value}}\n`)
    const raw = spawnSync(process.execPath, [MAIN, 'get', key, '--raw', ...through])
    assert.equal(raw.stdout.toString('hex'), hex)
  })

  test('exit with 1 when nobody has it', async () => {
    const { code, stdout, stderr } = await run('get', NOBODYS, ...through)
    assert.equal(
      stderr,
      `xorbit: nobody has ${NOBODYS}; for a signed value that has a name, --name is needed\n`,
    )
    assert.deepEqual([code, stdout], [1, ''])
    const json = await run('get', NOBODYS, ...through, '--json')
    assert.equal((objects(json.stderr)[0] as { error: { code: string } }).error.code, 'not-found')
    assert.deepEqual([json.code, json.stdout], [1, ''])
  })
})

describe('xorbit put', { concurrency: 2 }, () => {
  test('refuses a value that is too large, from everywhere, before anybody is asked', async () => {
    const large = Buffer.alloc(997, 'x')
    const sources: [name: string, ended: ReturnType<typeof run>][] = [
      ['VALUE', run('put', large.toString(), ...silence)],
      ['VALUE', runWith(large, 'put', '-', ...silence)],
      ['--file', run('put', '--file', inFolder('large', large), ...silence)],
    ]
    for (const [name, ended] of sources) {
      const { code, stdout, stderr } = await ended
      assert.equal(stderr, `xorbit: ${name}: expected at most 996 bytes (1000 in bencode), got 997 bytes\n`)
      assert.deepEqual([code, stdout], [2, ''])
    }
    const json = await run('put', 'é'.repeat(500), ...silence, '--json')
    const [{ error }] = objects(json.stderr) as [{ error: { code: string; message: string } }]
    assert.equal(error.code, 'too-large')
    assert.match(error.message, /got 1000 bytes$/)
    assert.equal(heard, 0)
  })

  test('reads no more than a mebibyte', async () => {
    const huge = inFolder('huge', '')
    truncateSync(huge, 5_000_000)
    const file = await run('put', '--file', huge, ...silence)
    assert.match(file.stderr, /^xorbit: --file: .*, got 5000000 bytes\n$/)
    const stdin = await runWith(Buffer.alloc(2_000_000), 'put', '-', ...silence)
    assert.match(stdin.stderr, /^xorbit: VALUE: .*, got more than 1048576 bytes\n$/)
    assert.deepEqual([file.code, stdin.code, heard], [2, 2, 0])
  })

  test('ends with its time while it waits for stdin', async () => {
    const { code, stderr } = await new Running(['put', '-', '--timeout', '0.2', ...silence], {}, null).ended
    assert.deepEqual(
      [code, stderr],
      [1, 'xorbit: timed out after 200 ms while reading stdin; --timeout allows more\n'],
    )
  })

  test('says that nobody has answered where its time was too short for that', async () => {
    const { code, stderr } = await run('put', 'x', '--timeout', '0.2', ...silence)
    const tried = silence.at(-1)
    assert.equal(stderr, `xorbit: nobody answered within 200 ms; tried ${tried}; --timeout allows more\n`)
    assert.equal(code, 1)
  })

  test('refuses a named pipe and a device, which it would wait for', { skip: windows }, async () => {
    const pipe = join(folder, 'pipe')
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0)
    for (const path of [pipe, '/dev/null']) {
      const { code, stdout, stderr } = await run('put', '--file', path, ...silence)
      assert.equal(stderr, `xorbit: --file: cannot read ${path}: it is no regular file; - reads stdin\n`)
      assert.deepEqual([code, stdout], [2, ''])
    }
  })

  test('reads the pipe that a shell makes of <(command)', { skip: windows }, () => {
    // Descriptor 3, as a shell has it at another number.
    const script = 'printf late | { exec 3<&0 </dev/null; exec "$0" "$@" --file /dev/fd/3; }'
    const words = [process.execPath, MAIN, 'put', ...through, '--json']
    const { stdout, stderr } = spawnSync('sh', ['-c', script, ...words], { encoding: 'utf8' })
    assert.equal(stderr, '')
    const { key } = objects(stdout)[0] as { key: string }
    assert.equal(key, createHash('sha1').update('4:late').digest('hex'))
  })

  test('is given up with Ctrl-C while it waits for stdin', { skip: windows }, async () => {
    const put = new Running(['put', '-', ...silence], {}, null)
    await put.prints(/^reading stdin \.\.\. \(Ctrl-C gives up\)\n$/, 'stderr')
    assert.equal((await put.kill('SIGINT')).code, 130)
  })

  test('--keep-alive stores, stays, and ends well at Ctrl-C', async () => {
    const put = launch('put', 'kept', ...through, '--keep-alive')
    await put.prints(/^stored on 8 of 8 nodes\nkey {2}[0-9a-f]{40}\n/)
    await put.prints(
      /^find it: {2}npx .*\nStays, to put it again every hour\. Ctrl-C ends that\.\n/,
      'stderr',
    )
    const { code, stderr } = await put.kill('SIGINT')
    assert.equal(code, 0)
    assert.match(stderr, /\nstopping\n$/)
  })
})
