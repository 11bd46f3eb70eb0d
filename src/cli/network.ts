// What the command needs of a network and of a node, whichever network it is. The table is networks.ts.
import type { Family } from '../codecs/compact-address.ts'
import type { Address, Contact } from '../kademlia/contact.ts'
import type { Id } from '../kademlia/id.ts'
import type { Role } from '../networks/khashmir/messages.ts'
import type { Revision } from '../networks/drogulus/messages.ts'
import type { Preset } from '../networks/khashmir/options.ts'
import type { NodeOptions } from '../networks/node-options.ts'
import type { ClosestOptions } from '../node/closest.ts'
import type { JoinReport } from '../node/joining.ts'
import type { HostPort } from '../node/local-node.ts'
import type { NodeEvents, OperationOptions, PingResult } from '../node/node-events.ts'

export type NetworkName = 'mainline' | 'khashmir' | 'drogulus'

/** A node of any network, as far as the commands that know no network go. */
export interface AnyNode {
  readonly id: Id
  readonly addresses: readonly Address[]
  join(): Promise<JoinReport>
  ping(address: Address, options: OperationOptions): Promise<PingResult>
  closest(target: Id, options: ClosestOptions): Promise<readonly Contact[]>
  contacts(): readonly Contact[]
  stats(): { readonly families: readonly { readonly methods: Methods }[] }
  on<Name extends keyof NodeEvents>(name: Name, listener: (detail: NodeEvents[Name]) => void): () => void
  close(): Promise<void>
}

type Methods = Readonly<Record<string, { readonly answered: number }>>

/** What a node is opened with; of the options that only some networks have, those of its own alone. */
export interface OpenOptions extends NodeOptions {
  readonly host?: readonly string[]
  readonly role?: Role
  readonly preset?: Preset
  readonly revision?: Revision
  readonly tls?: boolean
  /** Where the key pair of the node is, in place of the file beside its store. */
  readonly identityFile?: string
}

/** On which all nodes of a network must agree. */
export type WireOptions = Pick<OpenOptions, 'revision' | 'tls'>

/** Options that only some networks have, in the commands that have them; named as commander does. */
export const OWN_OPTIONS = [
  'role',
  'preset',
  'revision',
  'tls',
  'identity',
  'name',
  'torrent',
  'cas',
  'seq',
  'expires',
  'meta',
  'duplicate',
] as const
export type OwnOption = (typeof OWN_OPTIONS)[number]

/** Says in one line what has happened. */
export type Say = (event: string, text: string, facts: object) => void

/** Of a node that runs: lines `name  text` for people, and fields under --json, beside what every node has. */
export interface Told {
  readonly lines: readonly (readonly [name: string, text: string])[]
  readonly facts: object
}

/** One line of the table of networks. */
export interface Network<Node extends AnyNode = AnyNode> {
  readonly name: NetworkName
  /** For people: what a node is a node of. */
  readonly title: { readonly public: string; readonly private: string }
  readonly defaultPort: number
  /** What its messages travel by, for people. */
  carrier(options: OpenOptions): string
  /** What else may be wrong where nobody answers, as a sentence; ''. */
  doubt(options: OpenOptions): string
  /** Of ids and keys. */
  readonly idBytes: number
  readonly families: readonly Family[]
  /** Of how many families a node listens when nobody says where. */
  readonly defaultFamilies: readonly Family[]
  /** Nodes that the world knows; without any, who joins nobody is the first of its own network. */
  readonly builtIn: readonly HostPort[]
  /** Its own options, with the words that they take; null: whatever the command that has it says. */
  readonly own: Partial<Readonly<Record<OwnOption, readonly string[] | null>>>
  /** Checks options and says what comes of them. Throws XorbitError. `bootstrap` null: those that are built in. */
  resolve(options: OpenOptions): {
    readonly private: boolean
    readonly bootstrap: readonly HostPort[] | null
    readonly parameters: { readonly k: number }
  }
  /** Throws XorbitError, TransportError or StoreError. */
  open(options: OpenOptions): Promise<Node>
  /** What to try with a node that was opened so: words behind `npx xorbit`. `through`: options that say where to join. */
  toTry(options: OpenOptions, through: string): readonly string[]
  tell(node: Node, options: OpenOptions): Told
  /** Events that only this network has. */
  watch(node: Node, say: Say): void
}
