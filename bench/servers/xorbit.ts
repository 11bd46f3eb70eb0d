// xorbit's Mainline node, as a user opens it, with its limits lifted as `--no-rate-limit` does.
import { Mainline } from '../../src/index.ts'
import { serve } from './serve.ts'

serve(async () => {
  const dht = await Mainline.open({
    host: '127.0.0.1',
    port: 0,
    store: 'memory',
    bootstrap: [],
    rateLimit: false,
  })
  return { port: dht.addresses[0]!.port, tableSize: () => dht.contacts().length }
})
