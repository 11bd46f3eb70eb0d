// Nodes of ours in a process of their own, because a process has one network namespace. Driven by JSON lines as
// libtorrent_session.py is; it ends when its stdin does.
import { createInterface } from 'node:readline'
import { createMemoryStore, keyPairFrom, Mainline, toHex, type MainlineOptions } from '../../src/index.ts'
import { peersOf, textOf } from './xorbit-network.ts'

export interface NodeCommand {
  readonly id: number
  readonly do: string
  /** Which node: the host that it was opened on. */
  readonly host: string
  /** An id saved by a former run, 40 hex digits. */
  readonly savedId?: string
  readonly bootstrap?: readonly string[]
  readonly infoHash: string
  readonly port: number
  readonly address: string
  /** Of a key pair, in hex; and what is published under it. */
  readonly secret: string
  readonly publicKey: string
  readonly name: string
  readonly value: string
}

const nodes = new Map<string, Mainline>()
const oldIds = new Map<string, string[]>()

async function open({ host, port, savedId, bootstrap }: NodeCommand): Promise<string> {
  const store = createMemoryStore()
  if (savedId !== undefined) store.state.saveIdentity(slotOf(host), Uint8Array.fromHex(savedId))
  const joins: Pick<MainlineOptions, 'bootstrap'> = { bootstrap: bootstrap ?? 'none' }
  const node = await Mainline.open({ host, port, store, ...joins })
  nodes.set(host, node)
  oldIds.set(host, [])
  node.on('idChanged', ({ oldId }) => void oldIds.get(host)!.push(toHex(oldId)))
  await node.join()
  return idOf(node)
}

/** The store keeps one id a family. */
function slotOf(host: string): string {
  return host.includes(':') ? 'v6' : 'v4'
}

function idOf(node: Mainline): string {
  return toHex(node.id)
}

const COMMANDS: Readonly<Record<string, (node: Mainline, command: NodeCommand) => unknown>> = {
  facts: (node, { host }) => ({
    id: idOf(node),
    oldIds: oldIds.get(host),
    externalHost: node.stats().families[0]!.externalHost,
    contacts: node.contacts().map((contact) => `${toHex(contact.id)} ${textOf(contact.address)}`),
  }),
  announce: (node, { infoHash, port }) => node.announce(infoHash, { port }),
  peers: (node, { infoHash }) => peersOf(node, infoHash),
  publish: async (node, { secret, name, value }) => {
    const { seq, accepted } = await node.publish(name, value, { keyPair: keyPairFrom(secret) })
    return { seq: String(seq), by: accepted.map(({ host }) => host) }
  },
  resolve: async (node, { publicKey, name }) => {
    const item = await node.resolve(publicKey, name)
    return item === null ? null : { seq: String(item.seq), text: item.text, copies: item.copies }
  },
  ping: (node, { address }) =>
    node.ping(address).then(
      () => 'answered',
      (error: { details?: unknown }) => error.details,
    ),
}

async function execute(command: NodeCommand): Promise<unknown> {
  if (command.do === 'open') return open(command)
  const node = nodes.get(command.host)
  const execution = COMMANDS[command.do]
  if (node === undefined || execution === undefined) throw new Error(`${command.do} of ${command.host}`)
  return await execution(node, command)
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as NodeCommand
  if (command.do === 'stop') break
  void execute(command).then(
    (result) => console.log(JSON.stringify({ id: command.id, result })),
    (error: unknown) => console.log(JSON.stringify({ id: command.id, error: String(error) })),
  )
}
await Promise.all([...nodes.values()].map((node) => node.close()))
