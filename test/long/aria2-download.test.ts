// aria2 downloads a small torrent that has no tracker: its seeder is found only through our nodes. Not in the default
// run: `npm run test:unit -- long/aria2`. Needs Debian's aria2; everything is on loopback.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { endpointOf, peersOf, until, XorbitNetwork } from '../interop/xorbit-network.ts'
import { ClientProcess, versionOf } from './client-process.ts'
import { freePort, Torrent } from './torrent.ts'

const version = versionOf('aria2c')
const skip = version === null && 'aria2 is not installed: apt-get install -y --no-install-recommends aria2'

/** It asks the DHT every few seconds at first; half a minute is what was seen. */
const DOWNLOAD_SECONDS = 180

interface Aria2Options {
  readonly name: string
  readonly folder: string
  /** TCP, and UDP of its DHT. */
  readonly port: number
  /** 'HOST:PORT' of the only node that its DHT is told of; null turns its DHT off. */
  readonly entryPoint: string | null
  readonly rest: readonly string[]
}

function aria2({ name, folder, port, entryPoint, rest }: Aria2Options): ClientProcess {
  const dht =
    entryPoint === null
      ? ['--enable-dht=false']
      : [
          '--enable-dht=true',
          `--dht-listen-port=${port}`,
          `--dht-entry-point=${entryPoint}`,
          `--dht-file-path=${join(folder, 'dht.dat')}`,
        ]
  return new ClientProcess(name, [
    'aria2c',
    '--no-conf',
    ...dht,
    '--enable-dht6=false',
    `--listen-port=${port}`,
    '--interface=127.0.0.1',
    '--bt-external-ip=127.0.0.1',
    '--enable-peer-exchange=false',
    '--bt-enable-lpd=false',
    '--console-log-level=info',
    '--summary-interval=0',
    `--dir=${folder}`,
    ...rest,
  ])
}

function seed(torrent: Torrent, port: number, entryPoint: string | null): ClientProcess {
  const rest = ['--seed-ratio=0', '--check-integrity=true', torrent.file]
  return aria2({ name: 'the seeding aria2', folder: torrent.seedFolder(), port, entryPoint, rest })
}

/** Downloads by the infohash alone, and tells how it went. */
async function download(torrent: Torrent, entryPoint: string, t: TestContext): Promise<void> {
  const folder = torrent.subfolder('download')
  const startedAt = performance.now()
  await using leecher = aria2({
    name: 'the downloading aria2',
    folder,
    port: await freePort(),
    entryPoint,
    rest: ['--seed-time=0', torrent.magnet],
  })
  await leecher.done(DOWNLOAD_SECONDS)
  const seconds = (performance.now() - startedAt) / 1_000
  assert.ok(torrent.isIn(folder), 'the file is there, byte for byte')
  // Our nodes sign with XO. That it knew nobody else at first is why they are the ones that told it.
  const told = leecher.lines.filter((line) =>
    /Message received: dht response get_peers .*values=[1-9]/.test(line),
  )
  const first = told.find((line) => line.includes('v=XO'))
  assert.ok(first !== undefined, told.join('\n'))
  for (const line of [first, ...leecher.lines.filter((each) => each.includes('Download complete'))]) {
    t.diagnostic(stripVTControlCharacters(line).trim())
  }
  t.diagnostic(`${version}: ${torrent.bytes} bytes in ${seconds.toFixed(1)} s`)
}

describe('aria2 with a torrent that has no tracker', { skip }, () => {
  test('B5-13, B5-15: a seeder that announced itself to our nodes is found through them', async (t) => {
    using torrent = new Torrent()
    await using xorbit = await XorbitNetwork.open(3)
    const port = await freePort()
    await using _seeder = seed(torrent, port, endpointOf(xorbit.first))
    const found = await until(
      'the announce of aria2',
      () => peersOf(xorbit.nodes[2]!, torrent.infoHash),
      (peers) => peers.length > 0,
      DOWNLOAD_SECONDS,
    )
    assert.deepEqual(found, [`127.0.0.1:${port}`])
    await download(torrent, endpointOf(xorbit.nodes[1]!), t)
  })

  test('B5-13, B5-20: a seeder without DHT is found because a node of ours announced it', async (t) => {
    using torrent = new Torrent()
    await using xorbit = await XorbitNetwork.open(3)
    const port = await freePort()
    await using seeder = seed(torrent, port, null)
    await seeder.line(/listening on TCP port/i, 30)
    const { stored } = await xorbit.first.announce(torrent.infoHash, { port, seed: true })
    assert.equal(stored, 3)
    await download(torrent, endpointOf(xorbit.nodes[1]!), t)
  })
})
