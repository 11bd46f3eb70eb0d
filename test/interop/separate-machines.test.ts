// Publishing on one machine and reading on another that cannot reach it, with nodes of libtorrent between them that keep
// what was published: three network namespaces, two of them joined to the one in the middle by cables, with public-range
// addresses and libtorrent's own defaults. Needs root and Linux; no packet can leave the namespaces.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { generateKeyPair, idFromHex, isValidNodeId, toHex } from '../../src/index.ts'
import { DrivenProgram } from './driven-program.ts'
import { Libtorrent, withoutLibtorrent } from './libtorrent.ts'
import { answerTo, join, openNamespace, withoutCables, type Namespace } from './namespace.ts'
import { textOf, until } from './xorbit-network.ts'

const skip = withoutLibtorrent() || withoutCables()

const PORT = 6881
/** No two in a /16, so that nobody takes them for one. */
const ITS = ['5.101.0.1', '5.102.0.1', '5.103.0.1', '5.104.0.1', '5.105.0.1', '5.106.0.1']
const WRITER = '5.1.0.1'
const READER = '5.2.0.1'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
/** No measurement: it only ends what hangs. */
const HANGS_AFTER_MS = 90_000

/** Two machines and what is between them. */
class Machines implements AsyncDisposable {
  readonly writer: Namespace
  readonly reader: Namespace
  readonly middle: Namespace
  readonly sessions: readonly Libtorrent[]
  /** Files of both machines: whoever carries a key from one to the other does so by hand. */
  readonly folder = mkdtempSync(joinPath(tmpdir(), 'xorbit-machines-'))
  readonly #stack: AsyncDisposableStack

  private constructor(
    stack: AsyncDisposableStack,
    all: Pick<Machines, 'writer' | 'reader' | 'middle' | 'sessions'>,
  ) {
    this.#stack = stack
    this.writer = all.writer
    this.reader = all.reader
    this.middle = all.middle
    this.sessions = all.sessions
  }

  static async open(): Promise<Machines> {
    const stack = new AsyncDisposableStack()
    try {
      const middle = stack.use(await openNamespace([]))
      answerTo(ITS, middle)
      const [writer, reader] = [stack.use(await openNamespace([])), stack.use(await openNamespace([]))]
      join(writer, middle, { host: WRITER, cable: 'to-writer' })
      join(reader, middle, { host: READER, cable: 'to-reader' })
      const sessions: Libtorrent[] = []
      for (const host of ITS) {
        const options = { bootstrap: [], hosts: [endpoint(host)], settings: {}, within: middle.within }
        sessions.push(stack.use(await Libtorrent.open(options)))
      }
      await acquaint(sessions)
      return new Machines(stack, { writer, reader, middle, sessions })
    } catch (error) {
      await stack.disposeAsync()
      throw error
    }
  }

  /** Runs the command on a machine; what it prints under --json. */
  async run(on: Namespace, ...args: readonly string[]): Promise<Record<string, unknown>> {
    const [file, ...before] = [...on.within, process.execPath, MAIN]
    const env = { ...process.env, XDG_DATA_HOME: this.folder }
    const child = spawn(file, [...before, ...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'], env })
    const kill = (): void => void child.kill('SIGKILL')
    process.once('exit', kill)
    const hangs = setTimeout(kill, HANGS_AFTER_MS)
    try {
      let [stdout, stderr] = ['', '']
      child.stdout.on('data', (text: Buffer) => (stdout += text.toString()))
      child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
      const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
      assert.equal(code, 0, `xorbit ${args.join(' ')}: ${stdout}${stderr}`)
      return JSON.parse(stdout) as Record<string, unknown>
    } finally {
      clearTimeout(hangs)
      process.off('exit', kill)
    }
  }

  /** Nodes of ours on a machine, in a process of their own. */
  nodes(on: Namespace): DrivenProgram {
    const program = [process.execPath, joinPath(import.meta.dirname, 'xorbit-nodes.ts')]
    return this.#stack.use(new DrivenProgram('xorbit', [...on.within, ...program]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

describe('Two machines that do not reach each other, with libtorrent between them', { skip }, () => {
  test('xorbit resolve and get read what xorbit publish and put stored there, when their machine is gone (B44-16, B44-18)', async () => {
    await using machines = await Machines.open()
    const key = joinPath(machines.folder, 'key.pem')
    const asking = (host: string) => [
      '--host',
      host,
      ...ITS.flatMap((each) => ['--bootstrap', endpoint(each)]),
    ]
    const { publicKey } = (await machines.run(machines.writer, 'keygen', key)) as { publicKey: string }
    const publish = ['publish', 'status', 'all is well', '--key', key, ...asking(WRITER)]
    const put = ['put', 'never changes', ...asking(WRITER)]
    const [published, stored] = await Promise.all([
      machines.run(machines.writer, ...publish),
      machines.run(machines.writer, ...put),
    ])
    assert.deepEqual([published['stored'], published['refused'], published['seq']], [ITS.length, [], 1])
    assert.deepEqual([stored['stored'], stored['refused']], [ITS.length, []])
    await machines.writer[Symbol.asyncDispose]()

    // Both at once: libtorrent names the nodes of the commands that have ended, and these are waited for.
    const [resolved, got] = await Promise.all([
      machines.run(machines.reader, 'resolve', publicKey, 'status', ...asking(READER)),
      machines.run(machines.reader, 'get', String(stored['key']), ...asking(READER)),
    ])
    assert.deepEqual([resolved['text'], resolved['seq'], resolved['copies']], ['all is well', 1, ITS.length])
    assert.equal(got['text'], 'never changes')

    // Who has the key goes on from there.
    const next = ['publish', 'status', 'moved house', '--key', key, '--cas', '1', ...asking(READER)]
    const moved = await machines.run(machines.reader, ...next)
    assert.deepEqual([moved['stored'], moved['refused'], moved['seq']], [ITS.length, [], 2])
    for (const session of machines.sessions) await session.findsNoFault()
  })

  test('a node of ours reads what another published, when that one has gone without a word (B44-16, B44-18)', async () => {
    await using machines = await Machines.open()
    const keyPair = generateKeyPair()
    const [secret, publicKey] = [toHex(keyPair.secretKey), toHex(keyPair.publicKey)]
    const bootstrap = ITS.map(endpoint)
    {
      const writer = machines.nodes(machines.writer)
      await writer.ask('open', { host: WRITER, port: PORT, bootstrap })
      const publish = { host: WRITER, secret, name: 'status', value: 'all is well' }
      const { by } = await writer.ask<{ by: readonly string[] }>('publish', publish)
      assert.deepEqual(by.toSorted(), [...ITS, 'self'])
      writer.kill()
    }
    await machines.writer[Symbol.asyncDispose]()
    const reader = machines.nodes(machines.reader)
    await reader.ask('open', { host: READER, port: PORT, bootstrap })
    const found = await reader.ask('resolve', { host: READER, publicKey, name: 'status' })
    assert.deepEqual(found, { seq: '1', text: 'all is well', copies: ITS.length })
  })
})

/**
 * Tells each of the next, until all have ids that fit their addresses: libtorrent learns its address from the first answer
 * and then takes another id, which would look like an imposter to who asks it right then.
 */
async function acquaint(sessions: readonly Libtorrent[]): Promise<void> {
  for (const [index, session] of sessions.entries()) {
    await session.addNode({ host: ITS[(index + 1) % ITS.length]!, port: PORT })
  }
  await until(
    'ids that fit',
    () => Promise.all(sessions.map((session) => session.ids())),
    (ids) => ids.every(([id], index) => isValidNodeId(idFromHex(id!, 20), ITS[index]!)),
    60,
  )
}

function endpoint(host: string): string {
  return textOf({ host, port: PORT })
}
