// A store that lives as long as its process: tests, the simulator, short-lived nodes. commit() has nothing to
// do.
import { StoreLife } from './life.ts'
import { MemoryPeers, type PeerStoreOptions } from './memory-peers.ts'
import { MemoryRecords, type RecordStoreOptions } from './memory-records.ts'
import { MemoryState } from './memory-state.ts'
import { MemoryValues, type ValueStoreOptions } from './memory-values.ts'
import type { Store } from './store.ts'

export type MemoryStoreOptions = PeerStoreOptions & RecordStoreOptions & ValueStoreOptions

/** An empty store in memory. */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  const life = new StoreLife()
  return {
    peers: new MemoryPeers(life, options),
    records: new MemoryRecords(life, options),
    values: new MemoryValues(life, options),
    state: new MemoryState(life),
    commit() {
      life.assertOpen()
    },
    close() {
      life.end()
    },
  }
}
