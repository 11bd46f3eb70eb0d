// A drogulus node as a process of its own, with its files: what it has acknowledged survives kill -9, and so do its identity
// and its certificate; and after close() its process ends by itself.
import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Address } from '../../src/kademlia/contact.ts'
import { toHex } from '../../src/kademlia/id.ts'
import { nodeIdOf } from '../../src/networks/drogulus/keys/identity.ts'
import { Drogulus } from '../../src/networks/drogulus/open.ts'
import { temporaryFolder } from '../stores/temporary-folder.ts'
import { signed } from './drogulus-fixtures.ts'
import { DrogulusStranger } from './drogulus-strangers.ts'

const CHILD = fileURLToPath(new URL('drogulus-child.ts', import.meta.url))

/** No measurement: it only ends what hangs. */
const HANGS_AFTER_MS = 30_000

type Child = ChildProcessByStdio<null, Readable, null>
const started = new Set<Child>()
after(() => {
  for (const child of started) child.kill('SIGKILL')
})

function start(mode: string, file: string): Child {
  const child = spawn(process.execPath, [CHILD, mode, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const hangs = setTimeout(() => child.kill('SIGKILL'), HANGS_AFTER_MS)
  started.add(child)
  child.on('close', () => {
    started.delete(child)
    clearTimeout(hangs)
  })
  return child
}

/** What its peers see: the fingerprint of its certificate. */
async function certificateOf(address: Address): Promise<string> {
  using stranger = await DrogulusStranger.connect(address)
  return (stranger.socket as TLSSocket).getPeerCertificate().fingerprint256
}

/** Stores values of others on it, for as long as it answers; the names of those that it acknowledged. Each is heard of at once. */
async function storeUntilKilled(
  address: Address,
  { round, heard }: { readonly round: number; readonly heard: () => void },
): Promise<string[]> {
  const acknowledged: string[] = []
  const storing = Array.from({ length: 3 }, async (_none, lane) => {
    try {
      using stranger = await DrogulusStranger.connect(address)
      stranger.socket.on('data', heard)
      for (let i = 0; ; i++) {
        const name = `${round} ${lane} ${i}`
        const item = signed({ name, value: `of ${name}`, timestamp: Date.now() / 1_000 })
        assert.equal((await stranger.ask({ method: 'store', item })).name, 'pong')
        acknowledged.push(name)
      }
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
    }
  })
  await Promise.all(storing)
  return acknowledged
}

/** At once after so many of its own values, or so many of others, were acknowledged. */
const KILLED_AFTER = [
  { own: 1, others: Infinity },
  { own: Infinity, others: 1 },
  { own: 30, others: Infinity },
  ...[2, 40, 3, 5].map((others) => ({ own: Infinity, others })),
]

describe('A drogulus process that is killed', () => {
  test('comes back with its identity, its certificate and every value that it had acknowledged, its own and those of others', async () => {
    const file = join(temporaryFolder(), 'node.sqlite')
    const acknowledged: string[] = []
    let identity: string | null = null
    let certificate: string | null = null
    for (const [round, { own, others }] of KILLED_AFTER.entries()) {
      const child = start('serve', file)
      const ended = once(child, 'exit')
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      const address = { host: '127.0.0.1', port: Number((await lines.next()).value) }
      const seen = await certificateOf(address)
      assert.equal((certificate ??= seen), seen)
      let answers = 0
      const heard = (): void => {
        if (++answers === others) child.kill('SIGKILL')
      }
      const storing = storeUntilKilled(address, { round, heard })
      const published: string[] = []
      for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
        published.push(line.value)
        if (published.length === own) child.kill('SIGKILL')
      }
      await ended
      acknowledged.push(...(await storing))
      assert.ok(published.length >= own || answers >= others)

      await using node = await Drogulus.open({ host: '127.0.0.1', port: 0, bootstrap: 'none', store: file })
      assert.equal((identity ??= node.publicKey), node.publicKey)
      assert.deepEqual(node.id, nodeIdOf(node.publicKey))
      assert.equal(await certificateOf(node.addresses[0]!), certificate)
      const kept = new Map(node.published().map(({ name, text }) => [name, text]))
      for (const name of published) assert.equal(kept.get(name), name.replace('name', 'value'))
      for (const name of acknowledged) {
        const { key } = signed({ name, timestamp: 1 })
        assert.equal((await node.get(key))?.text, `of ${name}`, name)
      }
    }
    assert.ok(acknowledged.length > 0)
    assert.ok(readFileSync(`${file}.identity.pem`, 'utf8').includes('PRIVATE KEY'))
  })
})

describe('A drogulus process whose nodes are closed', () => {
  test('ends by itself, whatever connections and requests there were', async () => {
    const file = join(temporaryFolder(), 'node.sqlite')
    const child = start('exit', file)
    const lines: string[] = []
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
    assert.deepEqual([code, signal, lines], [0, null, ['open', 'closed', 'exit']])
    await using node = await Drogulus.open({ host: '127.0.0.1', port: 0, bootstrap: 'none', store: file })
    assert.ok(node.contacts().length <= 1)
    assert.equal(toHex(node.id).length, 128)
  })
})
