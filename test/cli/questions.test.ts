// The commands that ask something, against a real network of nodes on loopback: ping, lookup, announce, peers, scrape,
// sample.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { launch, objects, run, testnet, type Testnet } from './command.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const HASH = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a'
const OTHER = '5fcbd1cd3d1c8a3f3d4f2f9a6cbb8ab7cb9a3d17'
const NOBODYS = '00000000000000000000000000000000000000ff'

let net: Testnet
let through: string[]
/** A socket that takes packets and says nothing: a node that is silent. */
let silent: Socket
let silence: string

before(async () => {
  net = await testnet(12)
  through = ['--bootstrap', net.bootstrap]
  silent = createSocket('udp4').bind(0, '127.0.0.1')
  await once(silent, 'listening')
  silence = `127.0.0.1:${silent.address().port}`
})
after(() => silent.close())

describe('xorbit ping', () => {
  test('tells id and round-trip time', async () => {
    const { code, stdout, stderr } = await run('ping', net.bootstrap)
    assert.equal(stdout.replace(/[\d.]+ ms/, '1 ms'), `${net.bootstrap} is there: id ${net.ids[0]}, 1 ms\n`)
    assert.deepEqual([code, stderr], [0, ''])
  })

  test('tells them as JSON, and resolves names', async () => {
    const { code, stdout } = await run('ping', `localhost:${net.ports[0]}`, '--json')
    const [pong, ...others] = objects(stdout)
    const { rttMs, ...facts } = pong!
    assert.deepEqual(facts, { id: net.ids[0], host: '127.0.0.1', port: net.ports[0] })
    assert.ok(typeof rttMs === 'number' && rttMs > 0)
    assert.deepEqual([code, others], [0, []])
  })

  test('exits with 1 when nobody answers in the time that it may take', async () => {
    const { code, stdout, stderr } = await run('ping', silence, '--timeout', '300ms')
    assert.deepEqual([code, stdout], [1, ''])
    assert.equal(stderr, `xorbit: ${silence}: no answer within 300 ms; --timeout allows more\n`)
  })

  test('exits with 1 when nobody answers at all, as JSON', async () => {
    const { code, stdout, stderr } = await run('ping', silence, '--json')
    assert.deepEqual([code, stdout], [1, ''])
    assert.deepEqual(objects(stderr), [
      { error: { code: 'no-answer', message: `${silence}: no answer in time` } },
    ])
  })

  test('exits with 1 when the name is unknown', async () => {
    const { code, stderr } = await run('ping', 'nobody.invalid:6881', '--timeout', '20s')
    assert.match(stderr, /^xorbit: (?:HOST:PORT: the name nobody\.invalid cannot be resolved|timed out)/)
    assert.equal(code, 1)
  })

  test('is given up with Ctrl-C at once and without a word', async () => {
    const ping = launch('ping', silence)
    await ping.prints(/waiting for .* \(Ctrl-C gives up\)/, 'stderr')
    const { code, stderr } = await ping.kill('SIGINT')
    assert.equal(code, 130)
    assert.match(stderr, /^waiting for [^\n]*\n$/)
  })
})

describe('xorbit announce and xorbit peers', () => {
  test('store a peer and find it', async () => {
    const announced = await run('announce', HASH, '--port', '8080', ...through)
    assert.equal(announced.stdout, `announced: port 8080 under ${HASH}; 8 of 8 nodes stored it\n`)
    assert.deepEqual([announced.code, announced.stderr], [0, ''])
    const found = await run('peers', HASH, ...through)
    assert.deepEqual([found.code, found.stdout], [0, '127.0.0.1:8080\n'])
    assert.match(found.stderr, /^1 peer: \d+ of \d+ nodes answered\n$/)
  })

  test('do so as JSON, and nothing else on stdout or stderr', async () => {
    const announced = await run('announce', OTHER, '--port', '9090', ...through, '--json')
    assert.deepEqual(objects(announced.stdout), [{ key: OTHER, stored: 8, asked: 8, refused: [] }])
    const found = await run('peers', OTHER.toUpperCase(), ...through, '--json')
    assert.deepEqual(objects(found.stdout), [{ host: '127.0.0.1', port: 9090 }])
    assert.equal(announced.stderr + found.stderr, '')
  })

  test('exit with 1 when there are no peers', async () => {
    const { code, stdout, stderr } = await run('peers', NOBODYS, ...through)
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, new RegExp(`^xorbit: no peers of ${NOBODYS}: \\d+ of \\d+ nodes answered\n$`))
    const json = await run('peers', NOBODYS, ...through, '--json')
    assert.equal((objects(json.stderr)[0] as { error: { code: string } }).error.code, 'not-found')
    assert.deepEqual([json.code, json.stdout], [1, ''])
  })

  test('say whom they tried when nobody answers', async () => {
    const { code, stdout, stderr } = await run('peers', HASH, '--bootstrap', silence)
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, new RegExp(`^joining through ${silence} \\.\\.\\. .*\n`))
    assert.match(
      stderr,
      new RegExp(`\nxorbit: nobody answered; tried ${silence}\\. .*--bootstrap HOST:PORT\n$`),
    )
  })

  test('end with their time', async () => {
    const { code, stderr } = await run(
      'announce',
      HASH,
      '--port',
      '1',
      '--bootstrap',
      silence,
      '--timeout',
      '0.2',
    )
    assert.deepEqual(
      [code, stderr],
      [1, `xorbit: nobody answered within 200 ms; tried ${silence}; --timeout allows more\n`],
    )
  })

  test('tell more with --verbose, on stderr', async () => {
    const { stdout, stderr } = await run('peers', HASH, ...through, '--verbose')
    assert.equal(stdout, '127.0.0.1:8080\n')
    assert.match(
      stderr,
      /^asking from 127\.0\.0\.1:\d+ as [0-9a-f]{40}\njoined through bootstrap \(.* ms\): \d+ contacts\n/,
    )
  })
})

describe('xorbit scrape and xorbit sample', () => {
  const SEEDED = '7fcbd1cd3d1c8a3f3d4f2f9a6cbb8ab7cb9a3d17'

  test('count a seed, and tell of it (B33-07)', async () => {
    assert.equal((await run('announce', SEEDED, '--port', '8080', '--seed', ...through)).code, 0)
    const scraped = await run('scrape', SEEDED, ...through)
    assert.equal(scraped.stdout, 'about 1 seed and 0 other peers\n')
    assert.match(scraped.stderr, /^8 nodes told of them; \d+ of \d+ nodes answered\n$/)
    const sampled = await run('sample', ...through)
    assert.match(sampled.stdout, new RegExp(`^${SEEDED}  127\\.0\\.0\\.1:\\d+$`, 'm'))
    const told =
      /^\d+ infohash(?:es)?: 12 nodes told what they store, \d+ in sum; \d+ of \d+ requests answered\n$/
    assert.match(sampled.stderr, told)
    assert.deepEqual([scraped.code, sampled.code], [0, 0])
  })

  test('do so as JSON, and nothing else on stdout or stderr', async () => {
    assert.equal((await run('announce', SEEDED, '--port', '8080', '--seed', ...through)).code, 0)
    const scraped = await run('scrape', SEEDED, ...through, '--json')
    const [swarm] = objects(scraped.stdout)
    const { asked, answered, ...facts } = swarm!
    const none = { legacy: 0, disbelieved: 0, failed: 0 }
    assert.deepEqual(facts, { infoHash: SEEDED, seeds: 1, peers: 0, holders: 8, ...none })
    assert.ok(asked === answered && typeof asked === 'number' && asked >= 8)
    const sampled = await run('sample', '--limit', '1', ...through, '--json')
    const [{ infoHash, host, port }, ...others] = objects(sampled.stdout) as [Record<string, unknown>]
    assert.match(infoHash as string, /^[0-9a-f]{40}$/)
    assert.ok(host === '127.0.0.1' && net.ports.includes(port as number))
    assert.deepEqual([others, scraped.stderr + sampled.stderr], [[], ''])
  })

  test('exit with 1 when there is nothing', async () => {
    const scraped = await run('scrape', NOBODYS, ...through)
    assert.equal(scraped.stdout, 'no seeds and no other peers\n')
    const empty = await testnet(2)
    const sampled = await run('sample', '--bootstrap', empty.bootstrap)
    assert.match(sampled.stderr, /^xorbit: no infohashes: 2 nodes told what they store; .*\n$/)
    assert.deepEqual([scraped.code, sampled.code, sampled.stdout], [1, 1, ''])
  })
})

describe('xorbit announce --keep-alive', () => {
  test('announces, stays, and ends well at Ctrl-C', async () => {
    const announce = launch('announce', HASH, '--port', '8081', ...through, '--keep-alive')
    await announce.prints(/^announced: port 8081 /)
    await announce.prints(/Stays, to announce it again before it expires/, 'stderr')
    const { code, stderr } = await announce.kill('SIGINT')
    assert.equal(code, 0)
    assert.match(stderr, /\nstopping\n$/)
  })
})

describe('xorbit lookup', () => {
  const bits = (a: string, b: string): number => (BigInt(`0x${a}`) ^ BigInt(`0x${b}`)).toString(2).length

  test('shows every hop, then the closest nodes', async () => {
    const { code, stdout, stderr } = await run('lookup', net.ids[5]!, ...through)
    const [hops, closest] = stdout.split(/closest to .*:\n/)
    for (const hop of hops!.trimEnd().split('\n')) {
      assert.match(
        hop,
        /^hop +\d+  distance +\d+ bits  +[\d.]+ ms  [0-9a-f]{8}  127\.0\.0\.1:\d+  depth \d+, (?:in our table|named by 127\.0\.0\.1:\d+)$/,
      )
    }
    const ids = closest!.match(/[0-9a-f]{40}/g)!
    assert.equal(ids[0], net.ids[5])
    assert.equal(ids.length, 8)
    assert.deepEqual([code, stderr], [0, ''])
  })

  test('finds exactly the closest eight, as JSON', async () => {
    const { code, stdout } = await run('lookup', HASH, ...through, '--json')
    const lines = objects(stdout)
    const { target, closest } = lines.pop() as { target: string; closest: { id: string; port: number }[] }
    assert.equal(target, HASH)
    const distance = (id: string): bigint => BigInt(`0x${id}`) ^ BigInt(`0x${HASH}`)
    const expected = net.ids.toSorted((a, b) => (distance(a) < distance(b) ? -1 : 1)).slice(0, 8)
    assert.deepEqual(
      closest.map(({ id }) => id),
      expected,
    )
    for (const [index, hop] of lines.entries()) {
      const { hop: number, id, port, distanceBits, rttMs, namedBy, depth } = hop
      assert.equal(number, index + 1)
      assert.equal(net.ids[net.ports.indexOf(port as number)], id)
      assert.equal(distanceBits, bits(id as string, HASH))
      assert.equal(typeof rttMs, 'number')
      assert.equal(namedBy === null, depth === 0)
    }
    assert.equal(code, 0)
  })

  test(
    'minds neither a reader that leaves early nor one that never reads',
    { skip: process.platform === 'win32' },
    () => {
      for (const reader of ['head -1', 'true']) {
        const line = `{ "$0" "$1" lookup ${HASH} --bootstrap ${net.bootstrap}; echo "exit $?" >&2; } | ${reader}`
        const { stderr } = spawnSync('/bin/sh', ['-c', line, process.execPath, MAIN], { encoding: 'utf8' })
        assert.equal(stderr, 'exit 0\n', reader)
      }
    },
  )
})
