// A khashmir node: the verbs that a user holds. Arguments are read here; the work is done where it says.
// Not here: how it runs, joins and closes (life.ts).
import type { Contact } from '../../kademlia/contact.ts'
import { toHex } from '../../kademlia/id.ts'
import { closestTo, type ClosestOptions } from '../../node/closest.ts'
import { XorbitError } from '../../node/errors.ts'
import type { OperationOptions, PingResult } from '../../node/node-events.ts'
import { checkOperation, toFlag, toInteger } from '../../node/reading.ts'
import type { ResultStream } from '../../node/result-stream.ts'
import type { WriteReport } from '../../node/write.ts'
import { askDirectly, type DirectAnswer } from '../direct-query.ts'
import type { AddressLike } from '../host-port.ts'
import { toAsked, toIdArgument, type AskedLike, type IdLike } from '../id-arguments.ts'
import { toQuery, toValue, type KhashmirQueryLike, type KhashmirValueLike } from './arguments.ts'
import { KhashmirLife, type KhashmirParts } from './life.ts'
import { METHODS, type KhashmirMethod, type KhashmirReply, type Role } from './messages.ts'
import { closeTarget } from './node-id.ts'
import { findNode } from './queries.ts'
import { findHolders, type ValueHolder } from './values/holders.ts'
import { Storing } from './values/storing.ts'
import { searchValues, type ValuesOutcome } from './values/value-search.ts'

export interface StoreOptions extends OperationOptions {
  /** Store it again before it expires, also after a restart, until `unstore`. Default true. */
  readonly keepAlive?: boolean
}

export interface ValuesOptions extends OperationOptions {
  /** So many distinct values are enough; 0: all, of every holder. Default: the node's `retrieveValues`. */
  readonly limit?: number
  /** Whether our own store is looked into first. Default true. */
  readonly searchLocal?: boolean
}

/** Of one call; as many as one search tells. */
const MAX_LIMIT = 10_000

export class KhashmirNode extends KhashmirLife {
  /** null: our role stores nothing. What a former run promised in another one is left alone. */
  readonly #storing: Storing | null

  constructor(parts: KhashmirParts) {
    super(parts)
    const { options, store, scheduler } = parts
    const { commits, keepAlive } = this
    const ports = { store, state: store.state, scheduler, commits, keepAlive }
    const storing = {
      redundancy: options.storeRedundancy,
      intervalMs: options.keyRefreshMs,
      republished: (report: WriteReport) => this.events.emit('republished', report),
    }
    this.#storing = uses(options.role, 'store_value') ? new Storing(this.node, ports, storing) : null
  }

  /**
   * Stores a value (text or bytes, at most 1319 bytes) under a key, beside those that are there, on the closest nodes that
   * take it, and keeps it alive until `unstore`, also over restarts (`keepAlive: false`: stored once only).
   */
  async store(key: IdLike, value: KhashmirValueLike, options: StoreOptions = {}): Promise<WriteReport> {
    this.#assertRole('store_value')
    checkOperation(options, ['keepAlive'])
    const { keepAlive = true, signal } = options
    const bytes = toValue(value)
    return this.#storing!.store(toIdArgument('key', key), bytes, {
      keepAlive: toFlag('keepAlive', keepAlive),
      signal,
    })
  }

  /** Stops keeping a value alive; other nodes forget it in time. False when it was not kept. */
  unstore(key: IdLike, value: KhashmirValueLike): boolean {
    this.#assertRole('store_value')
    return this.#storing!.unstore(toIdArgument('key', key), toValue(value))
  }

  /** The values that this node keeps alive; keys as lower-case hex. */
  stored(): { readonly key: string; readonly value: Uint8Array }[] {
    const kept = this.#storing?.kept() ?? []
    return kept.map(({ key, what }) => ({ key: toHex(key), value: new Uint8Array(what) }))
  }

  /**
   * Finds the values of a key: each batch of values not seen before, as soon as it comes, our own first. Ends by itself.
   * Leaving the loop or aborting stops the traffic.
   */
  values(key: IdLike, options: ValuesOptions = {}): ResultStream<readonly Uint8Array[], ValuesOutcome> {
    this.#assertRole('get_value')
    checkOperation(options, ['limit', 'searchLocal'])
    const { retrieveValues, storeRedundancy, parameters } = this.parts.options
    const { limit, searchLocal = true, signal } = options
    const wanted = limit === undefined ? retrieveValues : toInteger('limit', limit, [0, MAX_LIMIT])
    const target = toIdArgument('key', key)
    return searchValues(this.node, {
      key: target,
      limit: Math.abs(wanted),
      enoughHolders: wanted < 0 ? storeRedundancy : null,
      alpha: parameters.alpha,
      own: toFlag('searchLocal', searchLocal)
        ? this.parts.store.values.read(target, { count: MAX_LIMIT, since: this.#since })
        : [],
      signal,
    })
  }

  /** The nodes that have values of a key, nearest first, with how many; our own among them, with the host 'self'. */
  async holders(key: IdLike, options: OperationOptions = {}): Promise<readonly ValueHolder[]> {
    this.#assertRole('find_value')
    checkOperation(options)
    const target = toIdArgument('key', key)
    const own = this.parts.store.values.count(target, this.#since)
    const { holders } = await findHolders(this.node, target, { own, signal: options.signal })
    return holders
  }

  /** The live nodes closest to a target, nearest first: k of them. `onHop` hears of every request of the walk. */
  async closest(target: IdLike, options: ClosestOptions = {}): Promise<readonly Contact[]> {
    this.assertOpen()
    checkOperation(options, ['onHop'])
    const id = toIdArgument('target', target)
    const query = findNode(id, { forStore: false })
    return closestTo(id, { locals: this.locals, query: () => query }, options)
  }

  /** The neighbours of our own id, nearest first. */
  async closeNodes(options: ClosestOptions = {}): Promise<readonly Contact[]> {
    return this.closest(closeTarget(this.id), options)
  }

  /** Asks one node whether it lives; if so it may enter the table. Throws XorbitError 'no-answer'. */
  async ping(address: AddressLike, options: OperationOptions = {}): Promise<PingResult> {
    const { contact, rttMs } = await this.query(address, { method: 'ping' }, options)
    return { id: contact.id, host: contact.address.host, port: contact.address.port, rttMs }
  }

  /** Asks one node directly. Throws XorbitError 'no-answer' or 'refused' (with the error code). */
  async query(
    address: AskedLike,
    query: KhashmirQueryLike,
    options: OperationOptions = {},
  ): Promise<DirectAnswer<KhashmirReply>> {
    const read = toQuery(query)
    this.#assertRole(read.method)
    checkOperation(options)
    return askDirectly(this.locals, { ...toAsked(address), query: read }, options.signal)
  }

  /** What is older has expired. */
  get #since(): number {
    return this.parts.scheduler.now() - this.parts.options.keyExpireMs
  }

  #assertRole(method: KhashmirMethod): void {
    this.assertOpen()
    const { role } = this.parts.options
    if (uses(role, method)) return
    throw new XorbitError(
      'not-in-role',
      `a node in the role '${role}' uses no ${method}; open it in another`,
      {
        role,
        method,
      },
    )
  }
}

function uses(role: Role, method: KhashmirMethod): boolean {
  return METHODS[role].includes(method)
}
