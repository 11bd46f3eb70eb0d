// Publishing on one machine and resolving on another over TLS, by the command alone: two network namespaces with a cable
// between them, each with one node, and public-range addresses. Needs root and Linux; no packet can leave the namespaces.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { answerTo, join, openNamespace, withoutCables, type Namespace } from './namespace.ts'

const skip = withoutCables()

const IN = ['--network', 'drogulus', '--json']
const WRITER = '5.1.0.1'
const READER = '5.2.0.1'
const PORT = 1908
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
/** No measurement: it only ends what hangs. */
const HANGS_AFTER_MS = 90_000

/** One end of the cable: a namespace, its address, and a folder of its own. */
class Machine implements AsyncDisposable {
  readonly namespace: Namespace
  readonly host: string
  readonly folder = mkdtempSync(joinPath(tmpdir(), 'xorbit-machine-'))
  readonly #children = new Set<ChildProcess>()
  readonly #killAll = (): void => this.#children.forEach((child) => child.kill('SIGKILL'))

  constructor(namespace: Namespace, host: string) {
    this.namespace = namespace
    this.host = host
    process.once('exit', this.#killAll)
  }

  /** Starts a node, and waits until it listens. */
  async start(...options: readonly string[]): Promise<Record<string, unknown>> {
    const { child } = this.#spawn(['start', '--host', this.host, ...IN, ...options])
    let text = ''
    for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false })) {
      text += String(chunk)
      const [line] = /^.*"event":"listening".*$/m.exec(text) ?? []
      if (line !== undefined) {
        child.stdout!.resume()
        return JSON.parse(line) as Record<string, unknown>
      }
    }
    throw new Error(`no node on ${this.host}: ${text}`)
  }

  /** Runs a command to its end; its exit code and what it printed last. */
  async run(...words: readonly string[]): Promise<{ code: unknown; said: Record<string, unknown> }> {
    const { child, ended } = this.#spawn(words)
    let text = ''
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => (text += String(chunk)))
    const hangs = setTimeout(() => child.kill('SIGKILL'), HANGS_AFTER_MS)
    const code = await ended
    clearTimeout(hangs)
    return { code, said: JSON.parse(text.trim().split('\n').at(-1)!) as Record<string, unknown> }
  }

  /** Asks through the node of this machine. */
  ask(...words: readonly string[]): ReturnType<Machine['run']> {
    return this.run(...words, '--host', this.host, '--bootstrap', `${this.host}:${PORT}`, ...IN)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#killAll)
    this.#killAll()
    await this.namespace[Symbol.asyncDispose]()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #spawn(words: readonly string[]): { child: ChildProcess; ended: Promise<unknown> } {
    const [file, ...before] = [...this.namespace.within, process.execPath, MAIN]
    const env = { ...process.env, XDG_DATA_HOME: this.folder }
    const child = spawn(file, [...before, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env })
    this.#children.add(child)
    const ended = new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
    void ended.catch(() => {}).then(() => this.#children.delete(child))
    return { child, ended }
  }
}

describe('Two machines with a cable between them', { skip }, () => {
  test('resolve on one what was published on the other, over TLS, also when that one is gone', async () => {
    await using stack = new AsyncDisposableStack()
    const writer = stack.use(new Machine(await openNamespace([]), WRITER))
    const reader = stack.use(new Machine(await openNamespace([]), READER))
    answerTo([READER], reader.namespace)
    join(writer.namespace, reader.namespace, { host: WRITER, cable: 'to-writer' })

    const first = await reader.start()
    const second = await writer.start('--bootstrap', `${READER}:${PORT}`)
    assert.deepEqual([first['tls'], first['contacts'], first['private']], [true, 0, false])
    assert.deepEqual([second['tls'], second['contacts'], second['port']], [true, 1, PORT])

    const { said: key } = await writer.run('keygen', '--rsa', joinPath(writer.folder, 'me.pem'), '--json')
    const publish = ['publish', 'status', 'all is well', '--key', String(key['file'])]
    const { code, said: published } = await writer.ask(...publish)
    assert.deepEqual([code, published['stored'], published['refused']], [0, 2, []])

    // What does not speak TLS reaches nobody.
    const plain = await writer.run('ping', `${READER}:${PORT}`, '--no-tls', ...IN)
    const pong = await writer.run('ping', `${READER}:${PORT}`, ...IN)
    assert.deepEqual([plain.code, pong.code, pong.said['id']], [1, 0, first['id']])

    await writer[Symbol.asyncDispose]()
    // Who carries the public key from one to the other does so by hand.
    const publicKey = joinPath(reader.folder, 'writer.pub')
    writeFileSync(publicKey, String(key['publicKey']))
    for (const words of [
      ['resolve', publicKey, 'status'],
      ['get', String(published['key'])],
    ]) {
      const { code: found, said } = await reader.ask(...words)
      assert.deepEqual([found, said['text'], said['name']], [0, 'all is well', 'status'])
      assert.equal(said['timestamp'], published['timestamp'])
    }
  })
})
