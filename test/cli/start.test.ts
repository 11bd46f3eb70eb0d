// `xorbit start` and `xorbit testnet`: what they say, that they stop, and what survives a kill.
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Mainline } from '../../src/index.ts'
import { launch, objects, run, Running, temporaryFolder, testnet, wordsOf } from './command.ts'

const ALONE = ['--host', '127.0.0.1', '--port', '0', '--bootstrap', 'none']
const windows = process.platform === 'win32'

describe('xorbit start', () => {
  test('says what it is, where it listens, and what to try next, and that works', async () => {
    const node = launch('start', '--testnet', '16', '--port', '0')
    const [said] = await node.prints(/^[^]*Ctrl-C stops it\.\n/)
    assert.match(
      said,
      /^xorbit \d+\.\d+\.\d+: a node of a private mainline network, with 16 more nodes around it\n/,
    )
    assert.match(
      said,
      /\n {2}listens on {2}127\.0\.0\.1:\d+ \(UDP\)\n {2}id +[0-9a-f]{40}\n {2}contacts +\d+\n/,
    )
    assert.match(said, /\n {2}store +memory \(nothing is kept\)\n/)
    assert.ok(Number(/contacts +(\d+)/.exec(said)![1]) >= 8)
    const commands = [...said.matchAll(/^ {2}(npx xorbit .*)$/gm)].map(([, line]) => wordsOf(line!))
    assert.deepEqual(
      commands.map(([name]) => name),
      ['ping', 'announce', 'peers', 'put', 'get', 'lookup'],
    )
    for (const words of commands) {
      const { code, stderr } = await run(...words)
      assert.equal(code, 0, `${words.join(' ')}: ${stderr}`)
    }
    const { code, stdout, stderr } = await node.kill('SIGINT')
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, /\nCtrl-C stops it\.\nstopping\n$/)
    assert.ok(!stdout.includes('\u001b'), 'no colours in a pipe')
  })

  test('says so as JSON, one object a line, and ends with 0 at SIGTERM', { skip: windows }, async () => {
    const node = launch('start', '--testnet', '3', '--port', '0', '--api', 'off', '--json')
    const listening = await node.event('listening')
    const { id, port, contacts } = listening
    assert.match(id as string, /^[0-9a-f]{40}$/)
    const fixed = { event: 'listening', network: 'mainline', host: '127.0.0.1', port, id, api: null }
    assert.deepEqual({ ...listening, ...fixed }, listening)
    assert.equal(contacts, 3)
    const { code, stdout, stderr } = await node.kill('SIGTERM')
    assert.deepEqual([code, stderr], [0, ''])
    assert.deepEqual(
      objects(stdout).map(({ event }) => event),
      ['listening', 'stopping'],
    )
  })

  test(
    'takes a Ctrl-C that comes twice at once, from terminal and npm, for one',
    { skip: windows },
    async () => {
      const node = launch('start', ...ALONE, '--store', 'memory')
      await node.prints(/Ctrl-C stops it/)
      node.child.kill('SIGINT')
      const { code } = await node.kill('SIGINT')
      assert.equal(code, 0)
    },
  )

  test('keeps its store in the data folder, a private network apart from the public one', async () => {
    const home = temporaryFolder()
    const node = new Running(['start', ...ALONE, '--json'], { XDG_DATA_HOME: home })
    const { store } = await node.event('listening')
    assert.equal(store, join(home, 'xorbit', 'mainline-private.sqlite'))
    assert.ok(existsSync(store))
    await node.kill('SIGTERM')
  })

  test('says plainly that nobody answered, whom it tried, and goes on', async () => {
    const silent = createSocket('udp4').bind(0, '127.0.0.1')
    await once(silent, 'listening')
    const there = `127.0.0.1:${silent.address().port}`
    const args = ['start', '--host', '127.0.0.1', '--port', '0', '--store', 'memory', '--bootstrap', there]
    try {
      const [human, json, hurried] = [
        launch(...args),
        launch(...args, '--json'),
        launch(...args, '--timeout', '100ms'),
      ]
      await human.prints(new RegExp(`Nobody answered; tried ${there}\\. The node goes on as the first`))
      await human.prints(/joining through .* \.\.\. \(Ctrl-C gives up\)/, 'stderr')
      assert.deepEqual((await json.event('alone'))['tried'], [there])
      await hurried.prints(/listens on[^]*Nobody answered/)
      const { port } = await json.event('listening')
      assert.equal((await run('ping', `127.0.0.1:${String(port)}`)).code, 0)
      await Promise.all([human, json, hurried].map((each) => each.kill('SIGTERM')))
    } finally {
      silent.close()
    }
  })

  test('tells once that it has joined when somebody comes to it', async () => {
    const node = launch('start', ...ALONE, '--store', 'memory', '--json')
    const { port } = await node.event('listening')
    await using guest = await Mainline.open({
      host: '127.0.0.1',
      port: 0,
      bootstrap: [`127.0.0.1:${String(port)}`],
    })
    await guest.join()
    assert.equal((await node.event('joined'))['contacts'], 1)
    const { stdout } = await node.kill('SIGTERM')
    assert.equal(objects(stdout).filter(({ event }) => event === 'joined').length, 1)
  })

  test('serves the same id, table and peers after kill -9 and a restart', { skip: windows }, async () => {
    const net = await testnet(9)
    const store = ['--store', join(temporaryFolder(), 'node.sqlite')]
    const first = launch(
      'start',
      '--host',
      '127.0.0.1',
      '--port',
      '0',
      '--bootstrap',
      net.bootstrap,
      ...store,
      '--json',
    )
    const before = await first.event('listening')
    const id = before['id'] as string
    const announced = await run('announce', id, '--port', '4242', '--bootstrap', net.bootstrap)
    assert.equal(announced.code, 0)
    assert.equal((await first.kill('SIGKILL')).signal, 'SIGKILL')

    const port = String(before['port'])
    // Through nobody but its own table.
    const second = launch(
      'start',
      '--host',
      '127.0.0.1',
      '--port',
      port,
      '--bootstrap',
      'none',
      ...store,
      '--json',
    )
    const again = await second.event('listening')
    assert.deepEqual([again['id'], again['port']], [id, before['port']])
    assert.ok((again['contacts'] as number) >= 8, `${String(again['contacts'])} contacts`)
    await using asker = await Mainline.open({ host: '127.0.0.1', port: 0, bootstrap: 'none', readOnly: true })
    const { reply } = await asker.query(`127.0.0.1:${port}`, { method: 'get_peers', infoHash: id })
    assert.deepEqual(
      reply.values?.map((each) => [...each]),
      [[127, 0, 0, 1, 4242 >> 8, 4242 & 255]],
    )
    assert.equal(reply.nodes?.length, 8)
    await second.kill('SIGTERM')
  })
})

describe('xorbit testnet', () => {
  test('prints where to join, and ends at Ctrl-C', async () => {
    const net = launch('testnet', '7')
    const [said] = await net.prints(/^[^]*Ctrl-C stops them\.\n/)
    assert.match(said, /^7 nodes of a local mainline network\. Join through any of them:\n/)
    const [, bootstrap] = /--bootstrap (127\.0\.0\.1:\d+)\n/.exec(said)!
    assert.match(said, /\n {2}\(and 2 more\)\n/)
    assert.equal((await run('ping', bootstrap!)).code, 0)
    const { code, stdout } = await net.kill('SIGINT')
    assert.deepEqual([code, stdout], [0, `${said}stopping\n`])
  })

  test('prints all of them as JSON', async () => {
    const net = launch('testnet', '7', '--json')
    const { network, bootstrap, nodes } = await net.event('listening')
    assert.equal(network, 'mainline')
    const each = nodes as { id: string; host: string; port: number }[]
    assert.deepEqual(
      each.map(({ host, port }) => `${host}:${port}`),
      bootstrap,
    )
    assert.equal(new Set(each.map(({ id }) => id)).size, 7)
    assert.equal((await net.kill('SIGINT')).code, 0)
  })
})
