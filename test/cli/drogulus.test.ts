// xorbit keygen --rsa, publish, resolve and get --network drogulus: signed values, in a real network of nodes on loopback.
import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { Drogulus, generateKeyPair, loadRsaKeyPair, saveKeyPair, saveRsaKeyPair } from '../../src/index.ts'
import { generateRsaKeyPair, type RsaKeyPair } from '../../src/index.ts'
import { launch, objects, run, Running, runWith, temporaryFolder, testnet, wordsOf } from './command.ts'

const IN = ['--network', 'drogulus']
const NOBODYS = '00'.repeat(64)
const windows = process.platform === 'win32'
const folder = temporaryFolder()
const keyFile = join(folder, 'me.pem')
const publicFile = join(folder, 'me.pub')
const otherKind = join(folder, 'ed25519.pem')
const asMe = ['--key', keyFile]

let keyPair: RsaKeyPair
let through: string[]

before(async () => {
  const { bootstrap } = await testnet(8, ...IN)
  through = [...IN, '--bootstrap', bootstrap]
  keyPair = await generateRsaKeyPair()
  await saveRsaKeyPair(keyFile, keyPair)
  await saveKeyPair(otherKind, generateKeyPair())
  writeFileSync(publicFile, `my key, as others get it\r\n${keyPair.publicKey.replaceAll('\n', '\r\n')}\r\n`)
})

/** The only object that a command printed. */
async function only(ended: ReturnType<typeof run>): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await ended
  assert.deepEqual([code, stderr], [0, ''])
  const [object, ...others] = objects(stdout)
  assert.deepEqual(others, [])
  return object!
}

describe('xorbit keygen --rsa', { concurrency: 2 }, () => {
  test('makes a key pair in the data folder, prints what others need, and says what to do with it', async () => {
    const home = temporaryFolder()
    const file = join(home, 'xorbit', 'rsa-key.pem')
    const keygen = await new Running(['keygen', '--rsa'], { XDG_DATA_HOME: home }).ended
    const { publicKey } = await loadRsaKeyPair(file)
    assert.equal(keygen.stdout, `key pair  ${file}\n${publicKey}\n`)
    assert.equal(keygen.code, 0)
    if (!windows) assert.equal(statSync(file).mode & 0o777, 0o600)
    const words = wordsOf(keygen.stderr.slice(keygen.stderr.indexOf('npx')))
    assert.deepEqual(words, ['publish', 'status', 'all is well', ...IN])
    const env = { XDG_DATA_HOME: home }
    const published = await new Running([...words, ...through.slice(2), '--json'], env).ended
    assert.equal((objects(published.stdout)[0] as { publicKey: string }).publicKey, publicKey)
  })

  test('says so as JSON, of as many bits as are wanted, and never overwrites a file', async () => {
    const file = join(folder, 'long.pem')
    const made = await only(run('keygen', ...IN, '--bits', '3072', file, '--json'))
    const { publicKey } = await loadRsaKeyPair(file)
    assert.deepEqual(made, { publicKey, file })
    assert.equal(createPublicKey(publicKey).asymmetricKeyDetails?.modulusLength, 3072)
    const before = readFileSync(file, 'utf8')
    const again = await run('keygen', '--rsa', file)
    assert.match(again.stderr, /^xorbit: FILE: key file .*long\.pem: is there already, .*\n$/)
    assert.deepEqual([again.code, again.stdout, readFileSync(file, 'utf8')], [2, '', before])
  })
})

describe('xorbit publish, resolve and get --network drogulus', { concurrency: 2 }, () => {
  test('publish a value, say how to find it, and find it by key pair, by public key and by key', async () => {
    const published = await run('publish', "it's", 'fine', ...asMe, ...through)
    const [, key] = /^stored on 8 of 8 nodes\nkey {8}([0-9a-f]{128})\n/.exec(published.stdout) ?? []
    assert.match(published.stdout, /\ntimestamp {2}20\d\d-[-\dT:.]+Z; never expires\n$/)
    assert.equal(published.code, 0)
    const advice = wordsOf(published.stderr.replace('find it:  ', '').trimEnd())
    assert.deepEqual(advice, ['get', key, ...through])
    for (const words of [
      advice,
      ['resolve', keyFile, "it's", ...through],
      ['resolve', publicFile, "it's", '--first', ...through],
    ]) {
      const { code, stdout, stderr } = await run(...words)
      assert.match(stderr, /^published as "it's", 20[^;]+; never expires\n$/)
      assert.deepEqual([code, stdout], [0, 'fine\n'])
    }
    const piped = await runWith(readFileSync(publicFile), 'resolve', '-', "it's", ...through)
    assert.equal(piped.stdout, 'fine\n')
  })

  test('update it, as JSON with these fields; the newest wins', async () => {
    const { publicKey } = keyPair
    const stored = { stored: 8, asked: 8, refused: [] }
    const first = await only(run('publish', '', 'first', ...asMe, ...through, '--json'))
    const second = await only(run('publish', '', 'née', ...asMe, ...through, '--json'))
    const { key, timestamp } = second
    assert.deepEqual(second, { key, ...stored, timestamp, expires: null, publicKey })
    assert.equal(first['key'], key)
    assert.ok((first['timestamp'] as number) < (timestamp as number))
    const found = await only(run('resolve', keyFile, ...through, '--json'))
    const facts = { key, text: 'née', hex: '6ec3a965', timestamp, expires: null, name: '', meta: {} }
    assert.deepEqual(found, { ...facts, publicKey })
    assert.deepEqual(await only(run('get', key as string, ...through, '--json')), found)
  })

  test('sign when it expires and texts beside it, and store it on as many nodes as are wanted', async () => {
    const texts = ['--meta', 'lang=en', '--meta', 'by=a=b']
    const words = ['publish', 'beside', 'x', ...asMe, ...through, '--duplicate', '3', ...texts]
    const published = await only(run(...words, '--expires', '2090-01-31', '--json'))
    const expires = Date.UTC(2090, 0, 31) / 1_000
    assert.deepEqual([published['stored'], published['asked'], published['expires']], [3, 3, expires])
    const found = await only(run('resolve', keyFile, 'beside', ...through, '--json'))
    assert.deepEqual([found['expires'], found['meta']], [expires, { lang: 'en', by: 'a=b' }])
    const { stderr } = await run('resolve', keyFile, 'beside', ...through)
    assert.match(stderr, /; expires 2090-01-31T00:00:00\.000Z\nmeta "lang": "en"\nmeta "by": "a=b"\n$/)
  })

  test('take a value from stdin and from a file, and give its bytes as they are', async () => {
    const content = Buffer.alloc(90_000, 0xfe)
    const file = join(folder, 'large')
    writeFileSync(file, content)
    const [piped, read] = await Promise.all([
      runWith('two\nlines\n', 'publish', 'piped', '-', ...asMe, ...through),
      run('publish', 'large', '--file', file, ...asMe, ...through),
    ])
    for (const { stdout } of [piped, read]) assert.match(stdout, /^stored on 8 of 8 nodes\n/)
    const raw = await run('resolve', keyFile, 'piped', '--raw', ...through)
    assert.equal(raw.stdout, 'two\nlines\n')
    const copy = join(folder, 'copy')
    const wrote = await run('resolve', keyFile, 'large', '--output', copy, ...through)
    assert.equal(wrote.stdout, `wrote 90000 bytes to ${copy}\n`)
    assert.ok(content.equals(readFileSync(copy)))
  })

  test('show what is no text as JSON, and nothing of a stranger that a terminal would obey (T33)', async () => {
    const options = { host: '127.0.0.1', port: 0, bootstrap: [through.at(-1)!] }
    await using writer = await Drogulus.open({ ...options, identity: keyPair })
    await writer.join()
    const meta = { 'by\u001b[2J': '<script>\u202e' }
    const value = { list: [1, null, 0.5, new Uint8Array([255])], '<b>': true }
    await writer.publish('odd\u0007', value, { keepAlive: false, meta })
    const { key } = await writer.publish('bytes', new Uint8Array([255, 0]), { keepAlive: false })
    const shown = '{"list":[1,null,0.5,{"hex":"ff"}],"<b>":true}'
    const human = await run('resolve', keyFile, 'odd\u0007', ...through)
    assert.deepEqual([human.code, human.stdout], [0, `${shown}\n`])
    // As JSON writes them, and what is left of them as \u{…}.
    assert.match(
      human.stderr,
      /^published as "odd\\u0007", .*\nmeta "by\\u001b\[2J": "<script>\\u\{202e\}"\n$/,
    )
    const json = await only(run('resolve', keyFile, 'odd\u0007', ...through, '--json'))
    assert.deepEqual([json['text'], json['value'], json['meta']], [null, JSON.parse(shown), meta])
    assert.match(json['hex'] as string, /^82a46c697374/)
    const bytes = await only(run('get', key, ...through, '--json'))
    assert.deepEqual([bytes['text'], bytes['hex'], 'value' in bytes], [null, 'ff00', false])
  })

  test('exit with 1 when nobody has it, and when nobody is there', async () => {
    const missing = await run('resolve', keyFile, 'nothing', ...through)
    assert.match(
      missing.stderr,
      /^xorbit: nobody has a value under this public key and the name "nothing"\n$/,
    )
    const json = await run('get', NOBODYS, ...through, '--json')
    assert.equal((objects(json.stderr)[0] as { error: { code: string } }).error.code, 'not-found')
    const otherwise = await run('get', NOBODYS, ...through, '--no-tls')
    assert.match(
      otherwise.stderr,
      /^xorbit: nobody answered; tried .* A node with TLS is asked without --no-tls/,
    )
    assert.deepEqual([missing.code, json.code, otherwise.code], [1, 1, 1])
    assert.equal(missing.stdout + json.stdout + otherwise.stdout, '')
  })

  test('--keep-alive publishes, stays as a node that answers, and ends well at Ctrl-C', async () => {
    const own = await testnet(2, ...IN)
    const words = ['publish', 'kept', 'x', ...asMe, ...IN, '--bootstrap', own.bootstrap]
    const publish = launch(...words, '--keep-alive', '--verbose')
    await publish.prints(/^stored on 3 of 3 nodes\n/)
    await publish.prints(/\nStays, to store it again every hour\. Ctrl-C ends that\.\n/, 'stderr')
    const [, there] = await publish.prints(/asking from (127\.0\.0\.1:\d+) as/, 'stderr')
    assert.equal((await run('ping', there!, ...IN)).code, 0)
    const { code, stderr } = await publish.kill('SIGINT')
    assert.equal(code, 0)
    assert.match(stderr, /\nstopping\n$/)
  })
})

describe('A key of the other kind of network', { concurrency: 2 }, () => {
  const nowhere = ['--bootstrap', '127.0.0.1:9']
  const cases: [what: string, words: readonly string[], message: RegExp][] = [
    [
      'publishes nothing on mainline',
      ['publish', 'a', 'b', ...asMe],
      /^xorbit: --key: .*me\.pem has an RSA key, as drogulus has them; mainline .* Add --network drogulus\n$/,
    ],
    [
      'names nobody on mainline, public or not',
      ['resolve', publicFile, 'a'],
      /^xorbit: PUBLICKEY: .*me\.pub has an RSA key.* Add --network drogulus\n$/,
    ],
    [
      'publishes nothing on drogulus',
      ['publish', 'a', 'b', '--key', otherKind, ...IN],
      /^xorbit: --key: .*ed25519\.pem has an Ed25519 key, as mainline has them; .*xorbit keygen --rsa\)\n$/,
    ],
    [
      'names nobody on drogulus',
      ['resolve', otherKind, 'a', ...IN],
      /^xorbit: PUBLICKEY: .*ed25519\.pem has an Ed25519 key/,
    ],
    [
      'is no identity of a node',
      ['start', '--port', '0', '--store', 'memory', '--identity', otherKind, ...IN],
      /^xorbit: --identity: .*ed25519\.pem has an Ed25519 key/,
    ],
  ]
  for (const [what, words, message] of cases) {
    test(what, async () => {
      const { code, stdout, stderr } = await run(...words, ...nowhere)
      assert.match(stderr, message)
      assert.deepEqual([code, stdout], [2, ''])
    })
  }

  test('is shown by neither command, where it is secret or too weak', async () => {
    const weak = join(folder, 'weak.pem')
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 512 })
    writeFileSync(weak, publicKey.export({ type: 'spki', format: 'pem' }))
    const tooWeak = await run('resolve', weak, ...IN, ...nowhere)
    assert.match(tooWeak.stderr, /^xorbit: PUBLICKEY: expected a file with an RSA public key.*weak\.pem\n$/)
    const secret = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const piped = await runWith(secret, 'resolve', '-', ...IN, ...nowhere)
    assert.match(piped.stderr, /^xorbit: PUBLICKEY: expected .*, got something else on stdin\n$/)
    assert.deepEqual([tooWeak.code, piped.code], [2, 2])
    assert.ok(!piped.stderr.includes(secret.slice(30, 60)))
  })
})
