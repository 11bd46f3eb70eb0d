// The address of a drogulus node: its engine, its id, its way into the network, and whom it keeps out. There is one, of
// IPv4 or IPv6. What is not of drogulus is in node/local-node.ts.
import { familyOf } from '../../codecs/compact-address.ts'
import { sameAddress, type Contact } from '../../kademlia/contact.ts'
import type { Id } from '../../kademlia/id.ts'
import { LocalNode, type LocalPorts, type LocalWords, type SharedPorts } from '../../node/local-node.ts'
import type { LifeObserver } from '../../node/node-life.ts'
import { createAdmission } from '../admission.ts'
import { DrogulusAnswers } from './answers.ts'
import type { Blacklist } from './blacklist.ts'
import type { DrogulusQuery, DrogulusReply } from './messages.ts'
import type { ResolvedOptions } from './options.ts'
import { createProbes } from './queries.ts'
import { createWire } from './wire.ts'

/** Under which its id and contacts are saved. */
export const SLOT = 'drogulus'

export interface FamilyObserver extends LifeObserver<FamilyNode> {
  banned(contact: Contact, why: 'unverifiable' | 'key-mismatch'): void
}

interface FamilyParts {
  readonly options: ResolvedOptions
  readonly shared: SharedPorts
  readonly ports: LocalPorts
  readonly observer: FamilyObserver
  readonly blacklist: Blacklist
  /** Of the public key of the node, or random where it asks only. */
  readonly ownId: Id
}

export class FamilyNode extends LocalNode<DrogulusQuery, DrogulusReply> {
  readonly #family: FamilyParts

  static create(parts: FamilyParts): FamilyNode {
    // Whoever asks for it asks when it is there.
    const node: FamilyNode = new FamilyNode(parts, () => node)
    return node
  }

  private constructor(parts: FamilyParts, self: () => FamilyNode) {
    const { options, shared, ports, observer, ownId } = parts
    super({
      shared,
      ports,
      parameters: options.parameters,
      rateLimit: options.rateLimit,
      slot: SLOT,
      ownId,
      words: wordsOf(parts, self),
      observer: {
        notice: (event) => observer.notice(self(), event),
        joined: (report) => observer.joined(self(), report),
        checkpoint: () => observer.checkpoint(self()),
        // No message says how we are seen.
        seenAs: () => {},
      },
    })
    this.#family = parts
  }

  /** Whether we store for others, and so may be one of those who store what we publish ourselves. */
  get serves(): boolean {
    return !this.#family.options.readOnly
  }

  /** Whether a contact may be asked and enter the table. */
  readonly isWelcome = (contact: Contact): boolean => !this.#family.blacklist.has(contact)

  /** It sent a forgery: out of the table, and kept out. */
  ban(sender: Contact, why: 'unverifiable' | 'key-mismatch'): void {
    const { blacklist, observer, shared } = this.#family
    blacklist.ban(sender, why)
    const known = this.table.find(sender.id)
    // Only where it is dialled: anybody may name a foreign id.
    if (known !== null && known.address.host === sender.address.host) {
      this.runner.engine.expel(known, shared.scheduler.now())
    }
    observer.banned(sender, why)
  }
}

function wordsOf(parts: FamilyParts, self: () => FamilyNode): LocalWords<DrogulusQuery, DrogulusReply> {
  const { options, shared, ports, observer, blacklist } = parts
  const isWelcome = (contact: Contact): boolean => !blacklist.has(contact)
  const admission = createAdmission({
    family: familyOf(ports.transport.local.host),
    private: options.private,
    routers: ports.isRouter,
    ownAddress: (address) => sameAddress(address, self().local),
    // The id is made of a public key, which the table does not know.
    eligible: () => true,
  })
  return {
    policy: { ...admission, admits: (contact) => isWelcome(contact) && admission.admits(contact) },
    probes: createProbes(isWelcome),
    speech: ({ table }) => ({
      wire: createWire({
        ownId: () => table.ownId,
        revision: options.revision,
        replyPort: () => (options.readOnly ? null : self().local.port),
      }),
      answers: new DrogulusAnswers({
        table,
        records: shared.store.records,
        ban: (sender, why) => self().ban(sender, why),
        revision: options.revision,
        k: options.parameters.k,
        replicateIntervalMs: options.replicateIntervalMs,
        storeFailed: (error) => observer.warn(error),
        readOnly: () => options.readOnly,
      }),
    }),
  }
}
