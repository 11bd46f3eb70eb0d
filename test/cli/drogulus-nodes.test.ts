// The commands that other networks have too, in drogulus, on real sockets of loopback: start, testnet, ping, lookup.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { nodeIdOf, saveRsaKeyPair, toHex } from '../../src/index.ts'
import { generateRsaKeyPair, loadRsaKeyPair } from '../../src/index.ts'
import { launch, objects, run, Running, temporaryFolder, testnet, wordsOf, type Testnet } from './command.ts'

const KEY = 'ab'.repeat(64)
const IN = ['--network', 'drogulus']
const ALONE = [...IN, '--host', '127.0.0.1', '--port', '0']
const windows = process.platform === 'win32'
const folder = temporaryFolder()
const keyFile = join(folder, 'me.pem')

let net: Testnet
let through: string[]

before(async () => {
  net = await testnet(8, ...IN)
  through = [...IN, '--bootstrap', net.bootstrap]
  await saveRsaKeyPair(keyFile, await generateRsaKeyPair())
})

describe('A short-lived command', () => {
  test('asks under a random id without a port, and so enters no table', async () => {
    const node = launch('start', ...ALONE, '--store', 'memory', '--json')
    const { id, port } = await node.event('listening')
    const there = [...IN, '--bootstrap', `127.0.0.1:${String(port)}`]
    assert.equal((await run('publish', 'a', 'b', '--key', keyFile, ...there)).code, 0)
    assert.equal((await run('resolve', keyFile, 'a', ...there)).stdout, 'b\n')
    const looked = await run('lookup', KEY, ...there, '--json')
    assert.deepEqual(objects(looked.stdout).at(-1), {
      target: KEY,
      closest: [{ id, host: '127.0.0.1', port }],
    })
    const { stdout } = await node.kill('SIGTERM')
    assert.deepEqual(
      objects(stdout).map(({ event }) => event),
      ['listening', 'stopping'],
    )
  })
})

describe('xorbit ping and xorbit lookup --network drogulus', { concurrency: 2 }, () => {
  test('tell id and round-trip time', async () => {
    const { code, stdout } = await run('ping', `localhost:${net.ports[0]}`, ...IN, '--json')
    const [{ rttMs, ...facts }, ...others] = objects(stdout) as [Record<string, unknown>]
    assert.deepEqual(facts, { id: net.ids[0], host: '127.0.0.1', port: net.ports[0] })
    assert.ok(typeof rttMs === 'number' && rttMs > 0)
    assert.deepEqual([code, others], [0, []])
  })

  test('say that TLS may be the reason where nobody answers', async () => {
    const plain = await run('ping', net.bootstrap, ...IN, '--no-tls')
    assert.match(plain.stderr, /cannot be reached\. A node with TLS is asked without --no-tls\n$/)
    assert.deepEqual([plain.code, plain.stdout], [1, ''])
  })

  test('find exactly the closest', async () => {
    const { code, stdout } = await run('lookup', KEY, ...through, '--json')
    const { target, closest } = objects(stdout).at(-1) as { target: string; closest: { id: string }[] }
    const distance = (id: string): bigint => BigInt(`0x${id}`) ^ BigInt(`0x${KEY}`)
    const expected = net.ids.toSorted((a, b) => (distance(a) < distance(b) ? -1 : 1))
    assert.deepEqual([target, closest.map(({ id }) => id)], [KEY, expected])
    assert.equal(code, 0)
  })

  test('say which network has ids as long as the one that is given', async () => {
    const long = await run('lookup', KEY, '--bootstrap', net.bootstrap)
    assert.match(long.stderr, /^xorbit: ID: expected 40 hex digits \(128 .*, or --network drogulus beside it/)
    const short = await run('get', KEY.slice(0, 40), ...through)
    assert.match(short.stderr, /^xorbit: KEY: expected 128 hex digits \(40 .*, or --network mainline beside/)
    assert.deepEqual([long.code, short.code], [2, 2])
  })
})

describe('xorbit start --network drogulus', () => {
  test('says what it is, where it listens, and what to try next, and that works', async () => {
    const node = launch(
      'start',
      ...IN,
      '--testnet',
      '4',
      '--port',
      '0',
      '--no-tls',
      '--revision',
      'october-2013',
    )
    const [said] = await node.prints(/^[^]*Ctrl-C stops it\.\n/)
    assert.match(said, /^xorbit .*: a node of a private drogulus network .*, with 4 more nodes around it\n/)
    assert.match(said, /\n {2}listens on {2}127\.0\.0\.1:\d+ \(TCP, without TLS\)\n {2}id +[0-9a-f]{128}\n/)
    assert.match(said, /\n {2}revision +october-2013\n {2}identity +memory \(another one at each start\)\n/)
    const mine = join(folder, 'tried.pem')
    const commands = [...said.matchAll(/^ {2}(npx xorbit .*)$/gm)].map(([, line]) =>
      wordsOf(line!).map((word) => (word === 'me.pem' ? mine : word)),
    )
    assert.deepEqual(
      commands.map(([name]) => name),
      ['ping', 'keygen', 'publish', 'resolve'],
    )
    for (const words of commands) {
      const { code, stderr } = await run(...words)
      assert.equal(code, 0, `${words.join(' ')}: ${stderr}`)
    }
    const { code, stdout, stderr } = await node.kill('SIGINT')
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, /\nCtrl-C stops it\.\nstopping\n$/)
  })

  test('keeps its identity and certificate beside its store, for its owner alone, and says where', async () => {
    const home = temporaryFolder()
    const node = new Running(['start', ...ALONE, '--json'], { XDG_DATA_HOME: home })
    const listening = await node.event('listening')
    const store = join(home, 'xorbit', 'drogulus-private.sqlite')
    const [identity, certificate] = [`${store}.identity.pem`, `${store}.tls.pem`]
    const { publicKey } = await loadRsaKeyPair(identity)
    const id = toHex(nodeIdOf(publicKey))
    const { host, port } = listening
    const fixed = { event: 'listening', network: 'drogulus', host, port, id, api: null, contacts: 0 }
    const own = { publicKey, identity, certificate, tls: true, revision: 'july-2013', store }
    assert.deepEqual({ ...listening, ...fixed, ...own }, listening)
    for (const file of [identity, certificate]) {
      assert.ok(existsSync(file))
      if (!windows) assert.equal(statSync(file).mode & 0o777, 0o600)
    }
    await node.kill('SIGTERM')
    const again = new Running(['start', ...ALONE], { XDG_DATA_HOME: home })
    const [said] = await again.prints(/^[^]*Ctrl-C stops it\.\n/)
    for (const part of [id, `identity    ${identity}\n`, `TLS         ${certificate}\n`, '(TCP, with TLS)'])
      assert.ok(said.includes(part), part)
    await again.kill('SIGTERM')
  })

  test('takes the identity that is given, and a random id where it is read-only', async () => {
    const words = [...IN, '--port', '0', '--store', 'memory', '--bootstrap', net.bootstrap, '--json']
    const id = toHex(nodeIdOf((await loadRsaKeyPair(keyFile)).publicKey))
    const named = launch('start', ...words, '--identity', keyFile)
    const silent = launch('start', ...words, '--identity', keyFile, '--read-only')
    const [first, second] = [await named.event('listening'), await silent.event('listening')]
    assert.deepEqual([first['id'], first['identity']], [id, keyFile])
    assert.notEqual(second['id'], id)
    assert.ok((first['contacts'] as number) > 0 && (second['contacts'] as number) > 0)
    await Promise.all([named.kill('SIGTERM'), silent.kill('SIGTERM')])
    const missing = await run('start', ...words, '--identity', join(folder, 'nowhere.pem'))
    assert.match(
      missing.stderr,
      /--identity: there is no key pair in .*nowhere\.pem yet; make one: npx xorbit/,
    )
    assert.equal(missing.code, 2)
  })

  test('listens on TCP port 1908 unless it is told otherwise', async () => {
    // Where another process has the port already, that is as good.
    const server = createServer().listen(1908, '127.0.0.1')
    await new Promise<void>((resolve) => {
      for (const event of ['listening', 'error']) server.once(event, () => resolve())
    })
    try {
      const { code, stderr } = await run('start', ...IN, '--host', '127.0.0.1', '--store', 'memory')
      assert.match(stderr, /^xorbit: another process uses TCP port 1908 .*--port\n$/)
      assert.equal(code, 2)
    } finally {
      server.close()
    }
  })

  test('serves the same id and values after kill -9 and a restart', { skip: windows }, async () => {
    const store = ['--store', join(folder, 'node.sqlite')]
    const first = launch('start', ...ALONE, ...store, '--json')
    const { id, port } = await first.event('listening')
    const there = [...IN, '--bootstrap', `127.0.0.1:${String(port)}`]
    for (const value of ['one', 'two']) {
      const { stdout } = await run('publish', value, value, '--key', keyFile, ...there)
      assert.match(stdout, /^stored on 1 of 1 node\n/)
    }
    assert.equal((await first.kill('SIGKILL')).signal, 'SIGKILL')
    const words = ['--host', '127.0.0.1', '--port', String(port), ...store, '--json']
    const second = launch('start', ...IN, ...words)
    assert.equal((await second.event('listening'))['id'], id)
    for (const value of ['one', 'two']) {
      const found = await run('resolve', keyFile, value, ...there)
      assert.deepEqual([found.code, found.stdout], [0, `${value}\n`])
    }
    assert.equal((await second.kill('SIGINT')).code, 0)
  })

  test('says plainly that nobody answered, whom it tried, and goes on', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const there = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const node = launch('start', ...ALONE, '--store', 'memory', '--bootstrap', there)
    await node.prints(new RegExp(`Nobody answered; tried ${there}\\. The node goes on as the first`))
    assert.equal((await node.kill('SIGTERM')).code, 0)
    server.close()
  })
})

describe('xorbit testnet --network drogulus', () => {
  test('prints where to join and what to try next, and ends at Ctrl-C', async () => {
    const running = launch('testnet', '3', ...IN)
    const [said] = await running.prints(/^[^]*Ctrl-C stops them\.\n/)
    assert.match(said, /^3 nodes of a local drogulus network\. Join through any of them:\n/)
    const [, at] = /--bootstrap (127\.0\.0\.1:\d+)\n/.exec(said)!
    assert.equal((await run('ping', at!, ...IN)).code, 0)
    const { code, stdout } = await running.kill('SIGINT')
    assert.deepEqual([code, stdout], [0, `${said}stopping\n`])
  })

  test('prints all of them as JSON, each with an id of its own', async () => {
    const running = launch('testnet', '3', ...IN, '--no-tls', '--json')
    const { network, bootstrap, nodes } = await running.event('listening')
    assert.deepEqual([network, (bootstrap as string[]).length], ['drogulus', 3])
    assert.equal(new Set((nodes as { id: string }[]).map(({ id }) => id)).size, 3)
    assert.equal((await run('ping', (bootstrap as string[])[2]!, ...IN, '--no-tls')).code, 0)
    assert.equal((await running.kill('SIGINT')).code, 0)
  })
})
