// The commands that other networks have too, in khashmir, on real sockets of loopback: start, testnet, ping, lookup.
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { launch, objects, run, Running, temporaryFolder, testnet, wordsOf, type Testnet } from './command.ts'

const KEY = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a'
const IN = ['--network', 'khashmir']
const ALONE = [...IN, '--host', '127.0.0.1', '--port', '0']
const windows = process.platform === 'win32'
const folder = temporaryFolder()

let net: Testnet
let through: string[]

before(async () => {
  net = await testnet(12, ...IN)
  through = ['--bootstrap', net.bootstrap]
})

describe('A short-lived command', () => {
  test('asks under the id of whom it asks, and so enters no table', async () => {
    const node = launch('start', ...ALONE, '--store', 'memory', '--json')
    const { id, port } = await node.event('listening')
    const there = ['--bootstrap', `127.0.0.1:${String(port)}`]
    assert.equal((await run('store', KEY, 'a', ...there)).code, 0)
    assert.equal((await run('values', KEY, ...there)).stdout, 'a\n')
    const looked = await run('lookup', KEY, ...IN, ...there, '--json')
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

describe('xorbit ping and xorbit lookup --network khashmir', () => {
  test('tell id and round-trip time', async () => {
    const { code, stdout } = await run('ping', `localhost:${net.ports[0]}`, ...IN, '--json')
    const [{ rttMs, ...facts }, ...others] = objects(stdout) as [Record<string, unknown>]
    assert.deepEqual(facts, { id: net.ids[0], host: '127.0.0.1', port: net.ports[0] })
    assert.ok(typeof rttMs === 'number' && rttMs > 0)
    assert.deepEqual([code, others], [0, []])
  })

  test('get no answer of the other network', async () => {
    const { code, stderr } = await run('ping', net.bootstrap, '--timeout', '500ms')
    assert.equal(code, 1)
    assert.match(stderr, /no answer|answered with/)
  })

  test('find exactly the closest eight', async () => {
    const { code, stdout } = await run('lookup', KEY, ...IN, ...through, '--json')
    const { target, closest } = objects(stdout).at(-1) as { target: string; closest: { id: string }[] }
    assert.equal(target, KEY)
    const distance = (id: string): bigint => BigInt(`0x${id}`) ^ BigInt(`0x${KEY}`)
    const expected = net.ids.toSorted((a, b) => (distance(a) < distance(b) ? -1 : 1)).slice(0, 8)
    assert.deepEqual(
      closest.map(({ id }) => id),
      expected,
    )
    assert.equal(code, 0)
  })
})

describe('xorbit start --network khashmir', () => {
  test('says what it is, where it listens, and what to try next, and that works', async () => {
    const node = launch('start', ...IN, '--testnet', '8', '--port', '0')
    const [said] = await node.prints(/^[^]*Ctrl-C stops it\.\n/)
    assert.match(said, /^xorbit .*: a node of a private khashmir network .*, with 8 more nodes around it\n/)
    const commands = [...said.matchAll(/^ {2}(npx xorbit .*)$/gm)].map(([, line]) => wordsOf(line!))
    assert.deepEqual(
      commands.map(([name]) => name),
      ['ping', 'store', 'values', 'lookup'],
    )
    for (const words of commands) {
      const { code, stderr } = await run(...words)
      assert.equal(code, 0, `${words.join(' ')}: ${stderr}`)
    }
    const { code, stdout, stderr } = await node.kill('SIGINT')
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, /\nCtrl-C stops it\.\nstopping\n$/)
  })

  test('is the first node of its own network when nobody is given to join through, and says so', async () => {
    const home = temporaryFolder()
    const human = new Running(['start', ...ALONE], { XDG_DATA_HOME: home })
    await human.prints(
      /\n {2}contacts +0; the first node of its own network \(--bootstrap HOST:PORT joins another\)\n/,
    )
    await human.kill('SIGTERM')
    const json = new Running(['start', ...ALONE, '--json'], { XDG_DATA_HOME: home })
    const listening = await json.event('listening')
    const { id, port } = listening
    const store = join(home, 'xorbit', 'khashmir-private.sqlite')
    const fixed = { event: 'listening', network: 'khashmir', host: '127.0.0.1', port, id, api: null }
    assert.deepEqual({ ...listening, ...fixed, contacts: 0, role: 'write', seenAs: null, store }, listening)
    assert.ok(existsSync(store))
    await json.kill('SIGTERM')
  })

  test('joins through who is given, as either preset, in any role, and tells where it is seen', async () => {
    const { bootstrap } = await testnet(3, ...IN)
    const started = [['--preset', 'march-2008'], ['--role', 'nodes'], ['--read-only']].map(
      async (options) => {
        const words = [...ALONE, '--store', 'memory', '--bootstrap', bootstrap, ...options, '--json']
        const node = launch('start', ...words)
        const { contacts, seenAs, host, port } = await node.event('listening')
        assert.ok((contacts as number) > 0)
        assert.deepEqual(seenAs, { host, port })
        await node.kill('SIGTERM')
      },
    )
    await Promise.all(started)
  })

  test('listens on port 9977 unless it is told otherwise', async () => {
    // Where another process has the port already, that is as good.
    const socket = createSocket('udp4').bind(9977, '127.0.0.1')
    await new Promise<void>((resolve) => {
      for (const event of ['listening', 'error']) socket.once(event, () => resolve())
    })
    try {
      const { code, stderr } = await run('start', ...IN, '--host', '127.0.0.1', '--store', 'memory')
      assert.match(stderr, /^xorbit: another process uses UDP port 9977 /)
      assert.equal(code, 2)
    } finally {
      socket.close()
    }
  })

  test('serves the same id and values after kill -9 and a restart', { skip: windows }, async () => {
    const store = ['--store', join(folder, 'node.sqlite')]
    const first = launch('start', ...ALONE, ...store, '--json')
    const { id, port } = await first.event('listening')
    const there = ['--bootstrap', `127.0.0.1:${String(port)}`]
    for (const value of ['one', 'two']) {
      const { stdout } = await run('store', KEY, value, ...there)
      assert.match(stdout, /^stored on 1 of 1 node\n/)
    }
    assert.equal((await first.kill('SIGKILL')).signal, 'SIGKILL')
    const words = ['--host', '127.0.0.1', '--port', String(port), ...store, '--json']
    const second = launch('start', ...IN, ...words)
    assert.equal((await second.event('listening'))['id'], id)
    const found = await run('values', KEY, ...there)
    assert.deepEqual([found.code, found.stdout], [0, 'one\ntwo\n'])
    assert.equal((await second.kill('SIGINT')).code, 0)
  })
})

describe('xorbit testnet --network khashmir', () => {
  test('prints where to join and what to try next, and ends at Ctrl-C', async () => {
    const running = launch('testnet', '3', ...IN)
    const [said] = await running.prints(/^[^]*Ctrl-C stops them\.\n/)
    assert.match(said, /^3 nodes of a local khashmir network\. Join through any of them:\n/)
    const commands = [...said.matchAll(/^ {2}(npx xorbit .*)$/gm)].map(([, line]) => wordsOf(line!))
    assert.equal(commands.length, 4)
    for (const words of commands) assert.equal((await run(...words)).code, 0, words.join(' '))
    const { code, stdout } = await running.kill('SIGINT')
    assert.deepEqual([code, stdout], [0, `${said}stopping\n`])
  })

  test('prints all of them as JSON', async () => {
    const running = launch('testnet', '3', ...IN, '--json')
    const { network, bootstrap, nodes } = await running.event('listening')
    assert.deepEqual([network, (bootstrap as string[]).length], ['khashmir', 3])
    assert.equal(new Set((nodes as { id: string }[]).map(({ id }) => id)).size, 3)
    assert.equal((await running.kill('SIGINT')).code, 0)
  })
})
