// The store in memory holds every sentence of the contract.
import { describe } from 'node:test'
import { createMemoryStore } from '../../src/stores/memory-store.ts'
import { storeContract } from '../contracts/store-contract.ts'

describe('The memory store', () => storeContract(createMemoryStore, 300))
