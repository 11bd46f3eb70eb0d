// xorbit's Khashmir node, as a user opens it, with its limits lifted as `--no-rate-limit` does, and room for as many keys
// as the generator makes. Its tokens are good for the whole run, for the generator has one of each server.
import { createMemoryStore, Khashmir } from '../../src/index.ts'
import { serve } from './serve.ts'

const DAY = 86_400_000

serve(async () => {
  const dht = await Khashmir.open({
    host: '127.0.0.1',
    port: 0,
    store: createMemoryStore({ unlimitedPerIp: true, valueLimits: { maxKeys: 100_000 } }),
    bootstrap: [],
    rateLimit: false,
    parameters: { checkpointMs: DAY },
  })
  return { port: dht.addresses[0]!.port, tableSize: () => dht.contacts().length }
})
