// The public surface of xorbit, name by name.
export { Drogulus } from './networks/drogulus/open.ts'
export { DrogulusNode } from './networks/drogulus/node.ts'
export type { DrogulusPublishOptions, DrogulusReadOptions } from './networks/drogulus/node.ts'
export type { DrogulusNameLike, DrogulusQueryLike, ExpiresLike } from './networks/drogulus/arguments.ts'
export type { DrogulusEvents } from './networks/drogulus/events.ts'
export { loadRsaKeyPair, saveRsaKeyPair } from './networks/drogulus/keys/identity-file.ts'
export {
  generateRsaKeyPair,
  nodeIdOf,
  readRsaKeyPair,
  RsaKeyPair,
} from './networks/drogulus/keys/identity.ts'
export type { DrogulusParts } from './networks/drogulus/life.ts'
export type { DrogulusQuery, DrogulusReply, Revision, SignedValue } from './networks/drogulus/messages.ts'
export { resolveOptions as resolveDrogulusOptions } from './networks/drogulus/options.ts'
export type {
  DrogulusOptions,
  ResolvedOptions as ResolvedDrogulusOptions,
} from './networks/drogulus/options.ts'
export type { DrogulusStats } from './networks/drogulus/stats.ts'
export type { PublishReport as DrogulusPublishReport } from './networks/drogulus/values/publishing.ts'
export type { DrogulusValue, DrogulusValueLike, FoundValue } from './networks/drogulus/values/value.ts'
export { Khashmir } from './networks/khashmir/open.ts'
export { KhashmirNode } from './networks/khashmir/node.ts'
export type { StoreOptions, ValuesOptions } from './networks/khashmir/node.ts'
export { normaliseKey } from './networks/khashmir/arguments.ts'
export type { KhashmirQueryLike, KhashmirValueLike } from './networks/khashmir/arguments.ts'
export type { KhashmirEvents } from './networks/khashmir/events.ts'
export type { KhashmirJoinReport, KhashmirParts } from './networks/khashmir/life.ts'
export type { KhashmirMethod, KhashmirQuery, KhashmirReply, Role } from './networks/khashmir/messages.ts'
export { resolveOptions as resolveKhashmirOptions } from './networks/khashmir/options.ts'
export type {
  KhashmirOptions,
  Preset,
  ResolvedOptions as ResolvedKhashmirOptions,
} from './networks/khashmir/options.ts'
export type { KhashmirStats } from './networks/khashmir/stats.ts'
export type { ValueHolder } from './networks/khashmir/values/holders.ts'
export type { ValuesOutcome } from './networks/khashmir/values/value-search.ts'
export { Mainline } from './networks/mainline/open.ts'
export { MainlineNode } from './networks/mainline/node.ts'
export type { MainlineParts } from './networks/mainline/life.ts'
export type { MainlineEvents } from './networks/mainline/events.ts'
export type { AnnounceOptions } from './networks/mainline/announce.ts'
export type { Item, SignedItem } from './networks/mainline/items/reader.ts'
export type { PublishReport } from './networks/mainline/items/publisher.ts'
export type { RepublishReport } from './networks/mainline/items/item-keeper.ts'
export type {
  GetOptions,
  KeyLike,
  NameLike,
  PublicKeyLike,
  PublishItemOptions,
  PutOptions,
  ResolveOptions,
} from './networks/mainline/items/arguments.ts'
export type { KeptEntry, KeptKind } from './networks/mainline/items/kept-item.ts'
export type { QueryLike, SeqLike } from './networks/mainline/arguments.ts'
export type { MainlineQuery, MainlineReply, Want } from './networks/mainline/messages.ts'
export type { MainlineOptions, ResolvedOptions } from './networks/mainline/options.ts'
export { resolveOptions } from './networks/mainline/options.ts'
export type { ResolvedTorrent } from './networks/mainline/node.ts'
export type { SampleOptions } from './networks/mainline/sample.ts'
export type { ScrapeResult } from './networks/mainline/scrape.ts'
export type { Sample, SampleOutcome } from './networks/mainline/sweep.ts'
export type { Peer } from './networks/mainline/queries.ts'
export type { SearchOutcome } from './networks/mainline/search.ts'
export type { FamilyStats, MainlineStats } from './networks/mainline/stats.ts'
export { decodeValue, encodeValue } from './networks/mainline/items/value.ts'
export type { Value, ValueLike } from './networks/mainline/items/value.ts'
export { loadKeyPair, saveKeyPair } from './networks/mainline/keys/key-file.ts'
export type { KeyFileReason } from './networks/key-file.ts'
export { generateKeyPair, keyPairFrom } from './networks/mainline/keys/key-pair.ts'
export type { KeyPair } from './networks/mainline/keys/key-pair.ts'
export { isValidNodeId } from './networks/mainline/node-id.ts'
export {
  decodeTorrentValue,
  encodeTorrentValue,
  formatTorrentLink,
  parseTorrentLink,
} from './networks/mainline/updatable-torrent.ts'
export type { TorrentLink } from './networks/mainline/updatable-torrent.ts'
export { idFromHex, toHex } from './kademlia/id.ts'
export type { Id } from './kademlia/id.ts'
export type { Address, Contact } from './kademlia/contact.ts'
export type { Hop } from './kademlia/walk.ts'
export type { BootstrapAttempt, JoinReport } from './node/joining.ts'
export type { DirectAnswer } from './networks/direct-query.ts'
export type { AddressLike } from './networks/host-port.ts'
export type { AskedLike, IdLike } from './networks/id-arguments.ts'
export type { NodeOptions, TunableParameters } from './networks/node-options.ts'
export type { ClosestOptions } from './node/closest.ts'
export type { HostPort, LocalPorts } from './node/local-node.ts'
export type { LocalStats } from './node/local-stats.ts'
export type { NodeEvents, OperationOptions, PingResult } from './node/node-events.ts'
export type { NodeParts } from './node/node-life.ts'
export type { Refused, WriteReport } from './node/write.ts'
export { XorbitError } from './node/errors.ts'
export type { XorbitErrorCode } from './node/errors.ts'
export type { ResultStream } from './node/result-stream.ts'
export type { Cancel, Receiver, Scheduler, Transport } from './node/ports.ts'
export { unpackAddress } from './codecs/compact-address.ts'
export { MsgPackFloat, MsgPackMap } from './codecs/msgpack-value.ts'
export type { MsgPackValue } from './codecs/msgpack-value.ts'
export { createMemoryStore } from './stores/memory-store.ts'
export { openSqliteStore } from './stores/sqlite-store.ts'
export { StoreError } from './stores/store.ts'
export type { Ban, Commitment, NodeState, PeerRefusal, PeerSampleOptions, PeerStore } from './stores/store.ts'
export type { RecordRefusal, RecordStore, RecordVersion, StoredRecord } from './stores/store.ts'
export type { SavedContact, Store, StoredPeer, StoreErrorCode } from './stores/store.ts'
export type { StoredValue, ValueReading, ValueRefusal, ValueStore } from './stores/store.ts'
export { TransportError } from './transports/transport-error.ts'
export type { TransportErrorCode } from './transports/transport-error.ts'
