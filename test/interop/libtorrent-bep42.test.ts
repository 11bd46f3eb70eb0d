// BEP 42 with libtorrent, in a namespace whose loopback has public-range addresses: there ids must fit addresses, and
// libtorrent runs with its own defaults, or enforcing. Needs root and Linux; no packet can leave the namespace.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { idFromHex, isValidNodeId, type WriteReport } from '../../src/index.ts'
import { DrivenProgram } from './driven-program.ts'
import { Libtorrent, withoutLibtorrent } from './libtorrent.ts'
import { openNamespace, withoutNamespaces } from './namespace.ts'
import { randomInfoHash, textOf, until } from './xorbit-network.ts'

const skip = withoutLibtorrent() || withoutNamespaces()

const PORT = 6881
/** Every one in another /16, as voters on an address must be. */
const OURS = ['5.1.0.1', '5.2.0.1', '5.3.0.1', '5.4.0.1', '5.5.0.1', '5.6.0.1']
const ITS = ['5.101.0.1', '5.102.0.1', '5.103.0.1', '5.104.0.1', '5.105.0.1']
/** As many as it takes for their agreeing votes to be believed. */
const VOTERS = Array.from({ length: 8 }, (_, i) => `5.${201 + i}.0.1`)
const OURS_6 = ['2a00:1::1', '2a00:2::1', '2a00:3::1', '2a00:4::1']
const ITS_6 = ['2a00:101::1', '2a00:102::1']

/** What the process of our nodes tells of one. */
interface Facts {
  readonly id: string
  readonly oldIds: readonly string[]
  readonly externalHost: string | null
  readonly contacts: readonly string[]
}

const endpoint = (host: string): string => textOf({ host, port: PORT })
const fits = (id: string, host: string): boolean => isValidNodeId(idFromHex(id, 20), host)

class Lab implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack()
  #within: readonly string[] = []
  #nodes: DrivenProgram | null = null

  static async open(hosts: readonly string[]): Promise<Lab> {
    const lab = new Lab()
    const namespace = lab.#stack.use(await openNamespace(hosts))
    lab.#within = namespace.within
    const program = [process.execPath, join(import.meta.dirname, 'xorbit-nodes.ts')]
    lab.#nodes = lab.#stack.use(new DrivenProgram('xorbit', [...namespace.within, ...program]))
    return lab
  }

  /** Opens a node of ours and joins; its id. */
  node(host: string, details: { bootstrap?: readonly string[]; savedId?: string } = {}): Promise<string> {
    return this.ask(host, 'open', { port: PORT, ...details })
  }

  ask<T>(host: string, command: string, details: Readonly<Record<string, unknown>> = {}): Promise<T> {
    return this.#nodes!.ask(command, { host, ...details })
  }

  facts(host: string): Promise<Facts> {
    return this.ask(host, 'facts')
  }

  async libtorrent(
    host: string,
    bootstrap: readonly string[],
    settings: Readonly<Record<string, boolean>> = {},
  ): Promise<Libtorrent> {
    const hosts = [textOf({ host, port: PORT })]
    const within = this.#within
    return this.#stack.use(await Libtorrent.open({ bootstrap, hosts, settings, within }))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}

/** Opens nodes of ours, each joining through the first. */
async function openNetwork(lab: Lab, hosts: readonly string[]): Promise<Map<string, string>> {
  const ids = new Map<string, string>()
  for (const host of hosts) {
    ids.set(host, await lab.node(host, host === hosts[0] ? {} : { bootstrap: [endpoint(hosts[0]!)] }))
  }
  return ids
}

describe('libtorrent on public addresses', { skip }, () => {
  for (const [name, ours, its] of [
    ['IPv4', OURS, ITS],
    ['IPv6', OURS_6, ITS_6],
  ] as const) {
    test(`B42-01, B42-02, B42-07: enforcing ids, it takes our nodes and theirs are valid (${name})`, async () => {
      await using lab = await Lab.open([...ours, ...its])
      const ids = await openNetwork(lab, ours)
      for (const [host, id] of ids) assert.ok(fits(id, host), `${id} at ${host}`)

      const session = await lab.libtorrent(its[0]!, [endpoint(ours[0]!)], { dht_enforce_node_id: true })
      await session.bootstrapped()
      const expected = ours.slice(1).map((host) => `${ids.get(host)} ${endpoint(host)}`)
      const nodes = await session.nodes(expected.length)
      assert.deepEqual(nodes.map((node) => `${node.id} ${textOf(node)}`).toSorted(), expected.toSorted())

      const infoHash = randomInfoHash()
      await session.announce(infoHash, ours.map(endpoint))
      for (const host of ours) {
        assert.deepEqual(await lab.ask(host, 'peers', { infoHash }), [endpoint(its[0]!)])
      }
      const { errors, complaints } = await session.report()
      assert.deepEqual({ errors, complaints }, { errors: [], complaints: [] })
    })

    test(`B42-06: with its defaults it announces to us, and finds what we announced (${name})`, async () => {
      await using lab = await Lab.open([...ours, ...its])
      await openNetwork(lab, ours)
      const session = await lab.libtorrent(its[0]!, [endpoint(ours[0]!)])
      await session.bootstrapped()
      const [announced, found] = [randomInfoHash(), randomInfoHash()]
      await session.announce(announced, ours.map(endpoint))
      for (const host of ours) {
        assert.deepEqual(await lab.ask(host, 'peers', { infoHash: announced }), [endpoint(its[0]!)])
      }
      const report = await lab.ask<WriteReport>(ours[1]!, 'announce', { infoHash: found, port: 5_400 })
      assert.deepEqual(report.refused, [])
      const peers = await session.peers(found, 1)
      assert.deepEqual(peers.map(textOf), [textOf({ host: ours[1]!, port: 5_400 })])
      const { errors, complaints } = await session.report()
      assert.deepEqual({ errors, complaints }, { errors: [], complaints: [] })
    })
  }

  test('B42-06: eight of them tell us our address, and our id becomes one that fits it', async () => {
    await using lab = await Lab.open([OURS[0]!, ...VOTERS, ITS[4]!])
    const sessions: Libtorrent[] = []
    for (const host of VOTERS) {
      sessions.push(await lab.libtorrent(host, sessions.length === 0 ? [] : [endpoint(VOTERS[0]!)]))
    }
    const host = OURS[0]!
    const savedId = '00'.repeat(19) + '01'
    assert.ok(!fits(savedId, host))
    await lab.node(host, { savedId, bootstrap: VOTERS.map(endpoint) })
    const facts = await until(
      'an id that fits',
      () => lab.facts(host),
      ({ id }) => id !== savedId,
    )
    assert.deepEqual(facts.oldIds, [savedId])
    assert.equal(facts.externalHost, host)
    assert.ok(fits(facts.id, host), `${facts.id} at ${host}`)

    // From then on a session that enforces ids takes it.
    const strict = await lab.libtorrent(ITS[4]!, [endpoint(VOTERS[0]!)], { dht_enforce_node_id: true })
    await strict.addNode({ host, port: PORT })
    const nodes = await until(
      'our new id in its table',
      () => strict.nodes(1),
      (all) => all.some((node) => node.host === host),
    )
    assert.equal(nodes.find((node) => node.host === host)!.id, facts.id)
  })

  test('B42-06: three of them are not enough to change our id', async () => {
    await using lab = await Lab.open([OURS[0]!, ...ITS])
    for (const host of ITS.slice(0, 3)) await lab.libtorrent(host, [])
    const savedId = '00'.repeat(19) + '01'
    await lab.node(OURS[0]!, { savedId, bootstrap: ITS.slice(0, 3).map(endpoint) })
    const { id, externalHost, contacts } = await lab.facts(OURS[0]!)
    assert.equal(contacts.length, 3)
    assert.deepEqual({ id, externalHost }, { id: savedId, externalHost: null })
  })

  test('B42-07, K-06: enforcing ids, it refuses a query under an id that does not fit, and we hear its 203', async () => {
    await using lab = await Lab.open([OURS[0]!, ...ITS])
    await lab.libtorrent(ITS[0]!, [], { dht_enforce_node_id: true })
    await lab.node(OURS[0]!, { savedId: '00'.repeat(19) + '01' })
    const said = await lab.ask<{ refusal?: { code: number } }>(OURS[0]!, 'ping', {
      address: endpoint(ITS[0]!),
    })
    assert.equal(said.refusal?.code, 203, JSON.stringify(said))
  })
})
