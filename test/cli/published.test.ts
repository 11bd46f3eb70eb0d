// xorbit keygen, publish and resolve: keys in files, signed values and links to torrents, in a real network of nodes.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { generateKeyPair, loadKeyPair, Mainline, saveKeyPair, toHex } from '../../src/index.ts'
import { mutableTarget, signedBytes } from '../../src/networks/mainline/items/item.ts'
import { sign } from '../../src/networks/mainline/keys/key-pair.ts'
import { launch, objects, run, Running, runWith, temporaryFolder, testnet, wordsOf } from './command.ts'

const HASH = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a'
const windows = process.platform === 'win32'
const folder = temporaryFolder()
const keyFile = join(folder, 'key.pem')
const keyPair = generateKeyPair()
const publicKey = toHex(keyPair.publicKey)

/** The key of BEP 44, and what it has signed there. */
const EXPANDED =
  'e06d3183d14159228433ed599221b80bd0a5ce8352e4bdf0262f76786ef1c74d' +
  'b7e7a9fea2c0eb269d61e3b38e450a22e754941ac78479d6c54e1faf6037881d'
const EXPANDED_PUBLIC = '77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548'
const SALTED = {
  key: '411eba73b6f087ca51a3795d9c8c938d365e32c1',
  signature:
    '6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17d' +
    'df9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08',
}

let through: string[]
let bootstrap: string
before(async () => {
  ;({ bootstrap } = await testnet(12))
  through = ['--bootstrap', bootstrap]
  await saveKeyPair(keyFile, keyPair)
})

function keyOf(name: string): string {
  return toHex(mutableTarget(keyPair.publicKey, Buffer.from(name)))
}

describe('xorbit keygen', { concurrency: 2 }, () => {
  test('makes a key pair in the data folder, for its owner alone, and says what to do with it', async () => {
    const home = temporaryFolder()
    const file = join(home, 'xorbit', 'key.pem')
    const keygen = await new Running(['keygen'], { XDG_DATA_HOME: home }).ended
    const made = toHex((await loadKeyPair(file)).publicKey)
    assert.equal(keygen.stdout, `public key  ${made}\nkey pair    ${file}\n`)
    const [warning, advice] = keygen.stderr.split('\n')
    assert.match(warning!, /^Whoever has this file can publish under your key: keep it secret/)
    assert.equal(keygen.code, 0)
    if (!windows) assert.equal(statSync(file).mode & 0o777, 0o600)
    const words = wordsOf(advice!.slice(advice!.indexOf('npx')))
    const published = await new Running([...words, ...through, '--json'], { XDG_DATA_HOME: home }).ended
    assert.equal((objects(published.stdout)[0] as { publicKey: string }).publicKey, made)
    assert.equal(published.code, 0)
  })

  test('says so as JSON, and never overwrites a file', async () => {
    const file = join(folder, 'mine.pem')
    const { code, stdout, stderr } = await run('keygen', file, '--json')
    const made = toHex((await loadKeyPair(file)).publicKey)
    assert.deepEqual([code, objects(stdout), stderr], [0, [{ publicKey: made, file }], ''])
    const before = readFileSync(file, 'utf8')
    const again = await run('keygen', file)
    assert.match(again.stderr, /^xorbit: FILE: key file .*mine\.pem: is there already, .*\n$/)
    assert.deepEqual([again.code, again.stdout, readFileSync(file, 'utf8')], [2, '', before])
  })

  test('imports a seed and an expanded key, from a file or stdin', async () => {
    const seed = join(folder, 'seed.hex')
    writeFileSync(seed, `${toHex(keyPair.secretKey).toUpperCase()}\n`)
    const imported = await run('keygen', join(folder, 'seed.pem'), '--secret-from', seed, '--json')
    assert.equal((objects(imported.stdout)[0] as { publicKey: string }).publicKey, publicKey)
    const file = join(folder, 'expanded.key')
    const expanded = await runWith(EXPANDED, 'keygen', file, '--secret-from', '-', '--json')
    assert.deepEqual(objects(expanded.stdout), [{ publicKey: EXPANDED_PUBLIC, file }])
  })

  test('shows nothing of a secret that it refuses', async () => {
    const file = join(folder, 'refused.pem')
    for (const [secret, got] of [
      ['abcdef', /^xorbit: --secret-from: expected 64 hex digits .* or 128 .*, got "6 digits"\n$/],
      ['my password', /, got "something else"\n$/],
      [EXPANDED.replace('e0', 'e1'), /^xorbit: --secret-from: expected in 64 bytes a seed .* got neither\n$/],
    ] as const) {
      const { code, stdout, stderr } = await runWith(secret, 'keygen', file, '--secret-from', '-')
      assert.match(stderr, got)
      assert.ok(!stderr.includes(secret))
      assert.deepEqual([code, stdout, existsSync(file)], [2, '', false])
    }
  })
})

describe('xorbit publish and xorbit resolve', { concurrency: 2 }, () => {
  const asMe = ['--key', keyFile]

  test('publish a value, say how to find it, and find it by key, by key file and by hash (B44-02)', async () => {
    const key = keyOf("it's")
    const published = await run('publish', "it's", 'fine', ...asMe, ...through)
    assert.equal(
      published.stdout,
      `version 1 stored on 8 of 8 nodes\nkey         ${key}\npublic key  ${publicKey}\n`,
    )
    assert.equal(
      published.stderr,
      `find it (for two hours; longer with --keep-alive):  npx xorbit resolve ${publicKey} 'it'\\''s' ${through.join(' ')}\n`,
    )
    for (const words of [
      ['resolve', publicKey, "it's"],
      ['resolve', keyFile, "it's", '--first'],
      ['get', key, '--name', "it's"],
    ]) {
      const { code, stdout, stderr } = await run(...words, ...through)
      assert.match(stderr, new RegExp(`^version 1, signed by ${publicKey}; \\d cop(?:y|ies) found\\n$`))
      assert.deepEqual([code, stdout], [0, 'fine\n'])
    }
  })

  test('update it, as JSON with exactly these fields (B44-11)', async () => {
    const key = keyOf('')
    for (const [index, value] of ['first', 'second'].entries()) {
      const { stdout, stderr } = await run('publish', '', value, ...asMe, ...through, '--json')
      assert.deepEqual(objects(stdout), [
        { key, stored: 8, asked: 8, refused: [], seq: index + 1, publicKey },
      ])
      assert.equal(stderr, '')
    }
    const { stdout, stderr } = await run('resolve', publicKey, ...through, '--json')
    const [found] = objects(stdout) as [Record<string, unknown>]
    const { signature, ...facts } = found
    assert.match(signature as string, /^[0-9a-f]{128}$/)
    const hex = Buffer.from('second').toString('hex')
    assert.deepEqual(facts, { key, text: 'second', hex, seq: 2, publicKey, copies: 8, conflict: false })
    assert.equal(stderr, '')
  })

  test('take a seq and print it to the last digit; what is older is refused with 302 (B44-09, B44-14)', async () => {
    const seq = '9007199254740993'
    const words = ['publish', 'counter', 'x', ...asMe, ...through]
    const { stdout } = await run(...words, '--seq', seq, '--json')
    assert.match(stdout, new RegExp(`"seq":${seq},`))
    assert.match(
      (await run('resolve', publicKey, 'counter', ...through, '--json')).stdout,
      /"seq":9007199254740993,/,
    )
    const older = await run('publish', 'counter', 'y', ...asMe, ...through, '--seq', '1')
    assert.equal(
      older.stdout.split('\n')[0],
      'version 1 not stored on any of 8 nodes, 8 refused: 302 (a newer one is there)',
    )
    assert.deepEqual([older.code, older.stderr], [1, ''])
    const json = await run('publish', 'counter', 'y', ...asMe, ...through, '--seq', '1', '--json')
    const [{ stored, refused }] = objects(json.stdout) as [{ stored: number; refused: object[] }]
    assert.deepEqual([json.code, stored, refused.length], [1, 0, 8])
    assert.deepEqual(Object.keys(refused[0]!), ['host', 'port', 'code'])
    assert.ok(refused.every((each) => (each as { code: number }).code === 302))
  })

  test('compare before they swap', async () => {
    const words = ['publish', 'compared', 'x', ...asMe, ...through]
    assert.equal((await run(...words)).code, 0)
    assert.equal((await run(...words, '--cas', '1')).code, 0)
    const { code, stdout, stderr } = await run(...words, '--cas', '1')
    assert.match(
      stdout,
      /^version 3 not stored, 1 refused: 301 \(the newest version is not the one of --cas\)\n/,
    )
    assert.equal(
      stderr,
      'the newest is version 2; see what it says, and publish again with --cas 2:  ' +
        `npx xorbit resolve ${publicKey} compared ${through.join(' ')}\n`,
    )
    assert.equal(code, 1)
  })

  test('sign with the expanded key of BEP 44 what it has signed there (B44-03)', async () => {
    const file = join(folder, 'bep44.key')
    writeFileSync(file, EXPANDED)
    chmodSync(file, 0o600)
    const published = await run('publish', 'foobar', 'Hello World!', '--key', file, ...through)
    assert.match(published.stdout, /^version 1 stored on 8 of 8 nodes\n/)
    const { stdout } = await run('resolve', EXPANDED_PUBLIC, 'foobar', ...through, '--json')
    const [{ key, signature }] = objects(stdout) as [{ key: string; signature: string }]
    assert.deepEqual({ key, signature }, SALTED)
  })

  test('exit with 1 when nobody has it', async () => {
    const { code, stdout, stderr } = await run('resolve', publicKey, 'nothing', ...through)
    assert.equal(stderr, `xorbit: nobody has a value under ${publicKey} and the name "nothing"\n`)
    assert.deepEqual([code, stdout], [1, ''])
  })

  test('--keep-alive publishes, stays, and ends well at Ctrl-C', async () => {
    const publish = launch('publish', 'kept', 'x', ...asMe, ...through, '--keep-alive')
    await publish.prints(/^version 1 stored on 8 of 8 nodes\n/)
    await publish.prints(/\nStays, to put it again every hour\. Ctrl-C ends that\.\n/, 'stderr')
    const { code, stderr } = await publish.kill('SIGINT')
    assert.equal(code, 0)
    assert.match(stderr, /\nstopping\n$/)
  })

  test('say how to make a key pair when there is none', async () => {
    const home = join(folder, 'empty')
    mkdirSync(home)
    const publish = await new Running(['publish', 'a', 'b', ...through], { XDG_DATA_HOME: home }).ended
    assert.match(
      publish.stderr,
      /^xorbit: --key: there is no key pair in .*key\.pem yet; make one: npx xorbit keygen\n$/,
    )
    assert.equal(publish.code, 2)
  })

  test('refuse a key file that others may read', { skip: windows }, async () => {
    const file = join(folder, 'open.pem')
    writeFileSync(file, readFileSync(keyFile))
    chmodSync(file, 0o644)
    const { code, stderr } = await run('publish', 'a', 'b', '--key', file, ...through)
    assert.match(
      stderr,
      /^xorbit: --key: key file .*open\.pem: others may use it \(mode 644\); run: chmod 600 /,
    )
    assert.equal(code, 2)
  })
})

describe('xorbit publish --torrent', () => {
  const link = `magnet:?xs=urn:btpk:${publicKey}&s=${Buffer.from('distro').toString('hex')}`
  const magnet = `magnet:?xt=urn:btih:${HASH}`

  test('gives a link that leads to the torrent (B46-01, B46-02)', async () => {
    const words = ['publish', 'distro', '--torrent', HASH, '--key', keyFile, ...through]
    const { stdout, stderr } = await run(...words)
    assert.match(stdout, /^version 1 stored on 8 of 8 nodes\n/)
    assert.ok(stdout.endsWith(`\nlink        ${link}\n`))
    const found = await run(...wordsOf(stderr.slice(stderr.indexOf('npx'))))
    assert.deepEqual([found.code, found.stdout], [0, `${magnet}\n`])
    const json = await run(...words, '--json')
    assert.equal((objects(json.stdout)[0] as { magnet: string }).magnet, link)
  })

  test('is told of as JSON by link and by name alike', async () => {
    const byLink = await run('resolve', link, ...through, '--json')
    const byName = await run('resolve', publicKey, 'distro', ...through, '--json')
    assert.equal(byLink.stdout, byName.stdout)
    const [{ text, hex, value, infoHash, magnet: told }] = objects(byLink.stdout) as [Record<string, unknown>]
    assert.deepEqual([text, value, infoHash, told], [null, { ih: { hex: HASH } }, HASH, magnet])
    assert.equal(
      hex,
      Buffer.from(`d2:ih20:${Buffer.from(HASH, 'hex').toString('latin1')}e`, 'latin1').toString('hex'),
    )
  })

  test('is missed where the link leads to something else, or nowhere', async () => {
    assert.equal((await run('publish', 'text', 'no torrent', '--key', keyFile, ...through)).code, 0)
    const other = `magnet:?xs=urn:btpk:${publicKey}&s=${Buffer.from('text').toString('hex')}`
    const something = await run('resolve', other, ...through)
    assert.equal(something.stderr, 'xorbit: what stands under this link is no torrent, but: no torrent\n')
    const nowhere = await run('resolve', other.slice(0, -2), ...through)
    assert.equal(nowhere.stderr, 'xorbit: nobody has a value under this link\n')
    assert.deepEqual([something.code, nowhere.code, something.stdout, nowhere.stdout], [1, 1, '', ''])
  })
})

describe('Two values of one version', () => {
  let dht: Mainline
  before(async () => {
    dht = await Mainline.open({ host: '127.0.0.1', port: 0, bootstrap: [bootstrap], readOnly: true })
  })
  after(() => dht.close())

  test('are told of as a conflict (T15)', async () => {
    const target = mutableTarget(keyPair.publicKey, Buffer.from('torn'))
    const values = [Buffer.from('1:a'), Buffer.from('1:b')]
    const salt = Buffer.from('torn')
    for (const [index, contact] of (await dht.closest(target)).entries()) {
      const value = values[index % 2]!
      const { reply } = await dht.query(contact, { method: 'get', target })
      const signature = sign(keyPair, signedBytes(value, { salt, seq: 7n }))
      const signed = { publicKey: keyPair.publicKey, salt, seq: 7n, signature }
      await dht.query(contact, { method: 'put', token: reply.token!, value, signed })
    }
    const { code, stdout, stderr } = await run('resolve', publicKey, 'torn', ...through)
    const [shown, other] = stdout === 'a\n' ? ['a\n', 'b'] : ['b\n', 'a']
    assert.deepEqual([code, stdout], [0, shown])
    assert.match(stderr, /^version 7, signed by .*; 4 copies found\n/)
    assert.match(
      stderr,
      new RegExp(
        `\\nconflict: two writers have published different values as version 7; also found: "${other}"\\. `,
      ),
    )
    const json = await run('resolve', publicKey, 'torn', ...through, '--json')
    assert.equal((objects(json.stdout)[0] as { conflict: boolean }).conflict, true)
    assert.equal(json.stderr, '')
  })
})
