// Another process with a store, for the tests that need one: `sqlite-child.ts MODE FILE`. Its lines on stdout
// are promises.
//   commit: commits one step after the other, for ever, and prints the number of each after its commit
//   unfinished: commits step 0, makes step 1 without committing, prints 'ready' and waits
//   open: opens the store, prints 'opened' or the code of the error, and ends
import { writeSync } from 'node:fs'
import { openSqliteStore } from '../../src/stores/sqlite-store.ts'
import { StoreError, type Store } from '../../src/stores/store.ts'
import { infoHash, numbered4 } from '../contracts/peer-examples.ts'
import { ban } from '../contracts/ban-contract.ts'
import { record, versionOf } from '../contracts/record-examples.ts'
import { value } from '../contracts/value-examples.ts'

/** Peers of one step. */
export const BATCH = 20
/** The key of a record that every step brings anew, to which every step adds a value; and the one whose version every step sees. */
export const [COUNTED, SEEN] = [1_000_000, 1_000_001]

export function doStep(store: Store, step: number): void {
  for (let i = 0; i < BATCH; i++) {
    store.peers.announce(infoHash(step), numbered4((step * BATCH + i) << 8, { at: step }))
  }
  // Also a record of its own, which the next step lets expire.
  store.records.put(record(step, { version: 7, source: null, at: step, until: step + 1 }))
  store.records.put(record(COUNTED, { version: step, source: null, at: step, until: 1e15 }))
  store.records.sawVersion(infoHash(SEEN), versionOf(step), step)
  store.records.expire(step, 10)
  // The first is refreshed by every step, and each expires with the fifth step after it.
  for (const text of ['first', `of ${step}`]) {
    store.values.store(infoHash(COUNTED), value(text, { source: null, at: step }))
  }
  store.values.expire(step - 4, 10)
  store.state.saveIdentity('v4', infoHash(step))
  store.state.saveContacts('v4', [{ id: infoHash(step), host: '10.0.0.1', port: 1, repliedAt: step }])
  // Each ban ends with the fifth step after it.
  store.state.saveBan(ban(step, { until: step + 5 }))
  store.state.expireBans(step, 10)
  store.state.saveCommitment({ kind: 'announce', key: infoHash(step), data: new Uint8Array(8), doneAt: step })
}

function say(line: string): void {
  // Synchronous, so that the line is out before anything else happens.
  writeSync(1, `${line}\n`)
}

function run(mode: string, file: string): void {
  const store = openSqliteStore(file)
  if (mode === 'open') {
    say('opened')
    store.close()
    return
  }
  for (let step = store.state.commitments().length; ; step++) {
    doStep(store, step)
    if (mode === 'unfinished' && step > 0) break
    store.commit()
    if (mode === 'commit') say(String(step))
  }
  say('ready')
  setInterval(() => {}, 60_000)
}

if (process.argv[1] === import.meta.filename) {
  try {
    run(process.argv[2]!, process.argv[3]!)
  } catch (error) {
    say(error instanceof StoreError ? error.code : String(error))
  }
}
