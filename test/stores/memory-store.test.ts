// The store in memory holds every sentence of the contract, and a long flood.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createMemoryStore } from '../../src/stores/memory-store.ts'
import { defaultRecordLimits } from '../../src/stores/record-room.ts'
import { numberedIp, record, servedOf } from '../contracts/record-examples.ts'
import { storeContract } from '../contracts/store-contract.ts'

describe('The memory store', () => storeContract(createMemoryStore, 300))

describe('A memory store under a flood', () => {
  test('of 1,000,000 records from one /24 keeps its bounds and every honest record (T12)', () => {
    const { records } = createMemoryStore()
    const honest = 2_000
    for (let key = 0; key < honest; key++) {
      records.put(record(key, { bytes: 1_000, source: numberedIp(0x0b_00_00_01 + (key << 8)) }))
    }
    const flood = record(0, { bytes: 1_000 })
    const { key, source } = flood
    let stored = 0
    for (let i = 0; i < 1_000_000; i++) {
      new DataView(key.buffer).setUint32(12, i + 1)
      source![3] = i
      if (records.put(flood).stored) stored++
    }
    const { maxPerPrefix, maxRecords, maxBytes } = defaultRecordLimits
    assert.equal(stored, maxPerPrefix)
    assert.deepEqual(records.size, { records: honest + stored, bytes: (honest + stored) * 1_000 })
    assert.ok(records.size.records <= maxRecords && records.size.bytes <= maxBytes)
    for (let own = 0; own < honest; own++) assert.equal(servedOf(records, own), '0a')
  })
})
