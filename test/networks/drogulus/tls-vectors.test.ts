// The judge over real connections: what was recorded over TLS comes to a node of ours over TLS, by a client that is none of
// ours, one connection each. What may differ is in allowed-differences.ts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { idFromHex } from '../../../src/kademlia/id.ts'
import { createFraming } from '../../../src/networks/drogulus/framing.ts'
import { DrogulusNode } from '../../../src/networks/drogulus/node.ts'
import { resolveOptions } from '../../../src/networks/drogulus/options.ts'
import { createRandom, createScheduler, sha1 } from '../../../src/node/system.ts'
import { simulatedKeyPairs } from '../../../src/simulator/drogulus-keys.ts'
import { createMemoryStore } from '../../../src/stores/memory-store.ts'
import { openTlsTransport } from '../../../src/transports/tls-transport.ts'
import { DROGULUS_COMMITS, drogulusVectors, type DrogulusCommit } from '../../drogulus-vectors.ts'
import { judge, type Exchange } from './judging.ts'
import { revisionOf } from './keys/recorded-keys.ts'
import { askAsOriginal, certificate, type Over } from './original.ts'

const EXCHANGES = 7

function exchangesOf(commit: DrogulusCommit): Exchange[] {
  const lines = drogulusVectors({ commit }).filter(({ transport }) => transport === 'tls')
  const requests = lines.filter(({ direction }) => direction === 'request')
  return requests.map((request) => {
    const responses = lines.filter(({ name, direction }) => name === request.name && direction === 'response')
    assert.equal(responses.length, 1)
    return { request, response: responses[0]! }
  })
}

/** A node of ours under the id of the recorded one, for ids are not made of keys there (drogulus B3). */
async function openInPlaceOf(commit: DrogulusCommit, over: Over): Promise<DrogulusNode> {
  const transport = await openTlsTransport({
    host: '127.0.0.1',
    port: 0,
    framing: createFraming(),
    tls: over === null ? null : certificate,
    unlimitedPerIp: true,
  })
  const { responderId } = drogulusVectors({ name: 'ping', commit, direction: 'request' })[0]!
  const node = new DrogulusNode({
    options: resolveOptions({ private: true, bootstrap: 'none', revision: revisionOf(commit) }),
    identity: simulatedKeyPairs[0]!,
    ownId: idFromHex(responderId!, 64),
    store: createMemoryStore({ unlimitedPerIp: true }),
    ownsStore: true,
    scheduler: createScheduler(),
    random: createRandom(),
    hash: sha1,
    locals: [
      {
        transport,
        bootstrap: () => Promise.resolve([]),
        resolve: () => Promise.resolve([]),
        isRouter: () => false,
      },
    ],
  })
  node.start()
  return node
}

for (const commit of DROGULUS_COMMITS) {
  describe(`Over connections, in the place of a node of ${commit}, ours`, () => {
    for (const over of ['TLSv1.3', 'TLSv1.2', null] as const) {
      test(`answers each of the ${EXCHANGES} requests with the recorded bytes and closes, but for what is listed: ${over ?? 'plain TCP'} (drogulus B0, B1, B4)`, async () => {
        await using node = await openInPlaceOf(commit, over)
        const exchanges = exchangesOf(commit)
        assert.equal(exchanges.length, EXCHANGES)
        for (const exchange of exchanges) {
          const ours = await askAsOriginal(exchange.request.hex, node.addresses[0]!, over)
          assert.equal(
            judge(exchange, ours, () => []),
            null,
            exchange.request.name,
          )
        }
      })
    }
  })
}
