// A hundred xorbit nodes on the Mainline wire.
import { Mainline } from '../../src/index.ts'
import { measureNetwork } from './measure.ts'

measureNetwork(async (ports) => {
  const dht = await Mainline.open({
    host: '127.0.0.1',
    port: 0,
    store: 'memory',
    bootstrap: ports.map((port) => `127.0.0.1:${port}`),
    rateLimit: false,
  })
  await dht.join()
  return {
    id: dht.id,
    port: dht.addresses[0]!.port,
    lookup: async (target) => (await dht.closest(target)).map(({ id }) => id),
    close: () => dht.close(),
  }
})
