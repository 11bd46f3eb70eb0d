// A drogulus node: the verbs that a user holds. Arguments are read here; the work is done where it says.
// Not here: how it runs, joins and closes (life.ts).
import type { Contact } from '../../kademlia/contact.ts'
import { closestTo, type ClosestOptions } from '../../node/closest.ts'
import { badArgument } from '../../node/errors.ts'
import type { OperationOptions, PingResult } from '../../node/node-events.ts'
import { checkOperation, toFlag, toInteger } from '../../node/reading.ts'
import { askDirectly, type DirectAnswer } from '../direct-query.ts'
import type { AddressLike } from '../host-port.ts'
import { toAsked, type AskedLike, type IdLike } from '../id-arguments.ts'
import { toExpires, toKey, toName, toPublicKey, toQuery } from './arguments.ts'
import type { DrogulusNameLike, DrogulusQueryLike, ExpiresLike } from './arguments.ts'
import type { FamilyNode } from './family.ts'
import { RsaKeyPair } from './keys/identity.ts'
import { keyOf } from './keys/key.ts'
import { DrogulusLife, type DrogulusParts } from './life.ts'
import type { DrogulusReply } from './messages.ts'
import { findNode, type DrogulusLookup } from './queries.ts'
import { Publishing, type PublishReport } from './values/publishing.ts'
import { Reader } from './values/reader.ts'
import { Replication } from './values/replication.ts'
import { ValueWriter } from './values/value-writer.ts'
import { foundValue, toMeta, toMsgPack, type DrogulusValueLike, type FoundValue } from './values/value.ts'
import { ID_BYTES } from './wire/bounds.ts'

export interface DrogulusPublishOptions extends OperationOptions {
  /** When it expires: a date, or seconds since 1970; 0 or less: never, which is the default. */
  readonly expires?: ExpiresLike
  /** Texts that stand beside the value, signed with it. */
  readonly meta?: Readonly<Record<string, string>>
  /** On how many nodes: 1 … k. Default: the node's option. */
  readonly duplicate?: number
  /** Under which key pair. Default: the node's own identity. */
  readonly keyPair?: RsaKeyPair
  /** Store it again before holders forget it, also after a restart, until `unpublish`. Default true. */
  readonly keepAlive?: boolean
}

export interface DrogulusReadOptions extends OperationOptions {
  /**
   * `first`: the first value that holds good, which is quick; from our own store where it holds one, which may be older than
   * what others hold. `latest`: the newest that the closest and our own store hold. Default 'latest'.
   */
  readonly mode?: 'first' | 'latest'
}

export class DrogulusNode extends DrogulusLife {
  readonly #publishing: Publishing
  readonly #reader: Reader
  readonly #replication: Replication

  constructor(parts: DrogulusParts) {
    super(parts)
    const { options, store, scheduler, random } = parts
    const { revision, duplicate, replicateIntervalMs, parameters } = options
    const { node, commits, keepAlive } = this
    const shared = {
      node,
      records: store.records,
      state: store.state,
      scheduler,
      commits,
      keepAlive,
      revision,
    }
    const writer = new ValueWriter({ ...shared, k: parameters.k, changed: () => commits.schedule() })
    this.#reader = new Reader({ ...shared, writer })
    this.#publishing = new Publishing({
      ...shared,
      writer,
      reader: this.#reader,
      intervalMs: options.republishIntervalMs,
      republished: (report) => this.events.emit('republished', report),
    })
    this.#replication = new Replication({
      ...shared,
      writer,
      random,
      duplicate,
      k: parameters.k,
      intervalMs: replicateIntervalMs,
      isOwn: (key) => this.#publishing.keeps(key),
      replicated: (report) => this.events.emit('replicated', report),
      failed: (error) => this.warn(error),
    })
  }

  override start(): void {
    super.start()
    if (this.parts.options.readOnly) return
    this.#replication.start()
    this.events.on('contactAdded', ({ contact }) => this.#replication.met(contact))
  }

  override close(): Promise<void> {
    this.#replication.close()
    return super.close()
  }

  /** The public key under which this node publishes: PEM text. */
  get publicKey(): string {
    return this.parts.identity.publicKey
  }

  /**
   * Publishes a value under our public key and a name, signed; the newer one wins. Stored on the closest nodes, and again
   * until `unpublish`, also over restarts. The report names each node and its answer.
   */
  async publish(
    name: DrogulusNameLike,
    value: DrogulusValueLike,
    options: DrogulusPublishOptions = {},
  ): Promise<PublishReport> {
    this.assertOpen()
    checkOperation(options, ['expires', 'meta', 'duplicate', 'keyPair', 'keepAlive'])
    const { identity, scheduler, options: own } = this.parts
    const { duplicate = own.duplicate, keyPair = identity, keepAlive = true, signal } = options
    const what = {
      name: toName(name),
      value: toMsgPack(value),
      expires: toExpires(options.expires, scheduler.now()),
      meta: toMeta(options.meta),
    }
    return this.#publishing.publish({
      keyPair: RsaKeyPair.assert('keyPair', keyPair),
      what,
      duplicate: toInteger('duplicate', duplicate, [1, own.parameters.k]),
      keepAlive: toFlag('keepAlive', keepAlive),
      signal,
    })
  }

  /** Stops keeping alive what was published; other nodes forget it when it expires. False when it was not kept. */
  unpublish(name: DrogulusNameLike, options: { readonly publicKey?: string } = {}): boolean {
    this.assertOpen()
    const { publicKey = this.publicKey } = options
    return this.#publishing.unpublish(keyOf(toPublicKey(publicKey), toName(name)))
  }

  /** The values that this node keeps alive. */
  published(): FoundValue[] {
    return this.#publishing.published().map(foundValue)
  }

  /** Finds the value under a public key (PEM text) and a name, verified. null: nobody has it. */
  async resolve(
    publicKey: string,
    name: DrogulusNameLike = '',
    options: DrogulusReadOptions = {},
  ): Promise<FoundValue | null> {
    return this.get(keyOf(toPublicKey(publicKey), toName(name)), options)
  }

  /** Finds the value under a key (64 bytes, or 128 hex digits), verified. null: nobody has it. */
  async get(key: IdLike, options: DrogulusReadOptions = {}): Promise<FoundValue | null> {
    this.assertOpen()
    checkOperation(options, ['mode'])
    const { mode = 'latest', signal } = options
    if (mode !== 'first' && mode !== 'latest') throw badArgument('mode', "'first' or 'latest'", mode)
    const target = toKey('key', key)
    const found = await this.#reader[mode](target, signal)
    return found && foundValue(found)
  }

  /** The live nodes closest to a target, nearest first: k of them. `onHop` hears of every request of the walk. */
  async closest(target: IdLike, options: ClosestOptions = {}): Promise<readonly Contact[]> {
    this.assertOpen()
    checkOperation(options, ['onHop'])
    const id = toKey('target', target)
    const query = ({ isWelcome }: FamilyNode): DrogulusLookup<never> => findNode(id, isWelcome)
    return closestTo(id, { locals: this.locals, query }, options)
  }

  /** Asks one node whether it lives, and so learns its id; it may enter the table. Throws XorbitError 'no-answer'. */
  async ping(address: AddressLike, options: OperationOptions = {}): Promise<PingResult> {
    const { contact, rttMs } = await this.query(address, { method: 'ping' }, options)
    return { id: contact.id, host: contact.address.host, port: contact.address.port, rttMs }
  }

  /** Asks one node directly; what it answers is not verified. Throws XorbitError 'no-answer' or 'refused'. */
  async query(
    address: AskedLike,
    query: DrogulusQueryLike,
    options: OperationOptions = {},
  ): Promise<DirectAnswer<DrogulusReply>> {
    this.assertOpen()
    checkOperation(options)
    const asked = { ...toAsked(address, ID_BYTES), query: toQuery(query) }
    return askDirectly(this.locals, asked, options.signal)
  }
}
