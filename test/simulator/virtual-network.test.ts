// The network of the simulator: UDP, with what happens to it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Address } from '../../src/kademlia/contact.ts'
import { SeededRandom } from '../../src/simulator/seeded-random.ts'
import { VirtualClock } from '../../src/simulator/virtual-clock.ts'
import {
  VirtualNetwork,
  goodLink,
  type LinkQuality,
  type VirtualSocket,
} from '../../src/simulator/virtual-network.ts'

const A: Address = { host: '5.0.0.1', port: 1 }
const B: Address = { host: '6.0.0.1', port: 2 }
const C: Address = { host: '7.0.0.1', port: 3 }

interface World {
  clock: VirtualClock
  network: VirtualNetwork
  a: VirtualSocket
  b: VirtualSocket
  /** What B heard: the first byte, and the port it came from. */
  heard: [number, number][]
}

function world(quality: Partial<LinkQuality> = {}): World {
  const clock = new VirtualClock()
  const random = new SeededRandom(5, 'network')
  const network = new VirtualNetwork({ scheduler: clock, random, quality: { ...goodLink, ...quality } })
  const a = network.open(A)
  const b = network.open(B)
  const heard: World['heard'] = []
  const silent = { receive: () => {}, unreachable: () => {} }
  a.start(silent)
  b.start({ ...silent, receive: (bytes, from) => void heard.push([bytes[0]!, from.port]) })
  return { clock, network, a, b, heard }
}

describe('A virtual network', () => {
  test('delivers copies after a delay, from the address that sent them', async () => {
    const { clock, a, heard } = world({ minDelayMs: 20, maxDelayMs: 20 })
    const bytes = Uint8Array.of(7)
    a.dial(bytes, B)
    bytes[0] = 8
    await clock.runFor(19)
    assert.deepEqual(heard, [])
    await clock.runFor(1)
    assert.deepEqual(heard, [[7, A.port]])
  })

  test('loses, doubles and reorders as it is told', async () => {
    const { clock, network, a, heard } = world({ loss: 0.2, duplication: 0.1 })
    for (let i = 0; i < 250; i++) a.dial(Uint8Array.of(i), B)
    await clock.runFor(100)
    // 250 · 0.8 · 1.1 = 220, with a deviation of 8.
    assert.ok(heard.length > 180 && heard.length < 260, String(heard.length))
    assert.equal(network.fates.delivered, heard.length)
    assert.ok(heard.some(([byte], index) => index > 0 && byte < heard[index - 1]![0]))
  })

  test('cuts off a host in one direction or both, also what is on its way', async () => {
    const { clock, network, a, b, heard } = world()
    a.dial(Uint8Array.of(1), B)
    network.connect(B.host, { hears: false })
    await clock.runFor(100)
    assert.deepEqual(heard, [])
    assert.equal(network.fates.cut, 1)
    network.connect(B.host)
    network.connect(A.host, { speaks: false })
    a.dial(Uint8Array.of(2), B)
    await clock.runFor(100)
    assert.deepEqual(heard, [])
    network.connect(A.host)
    a.dial(Uint8Array.of(3), B)
    await clock.runFor(100)
    assert.deepEqual(heard, [[3, A.port]])
    await b.close()
    a.dial(Uint8Array.of(4), B)
    await clock.runFor(100)
    assert.equal(network.fates.nobody, 1)
  })

  test('shows a host behind a translator under its public address, also after that has changed', async () => {
    const { clock, network, heard } = world()
    const inner = network.open({ host: '192.168.0.2', port: 9 }, C)
    const replies: number[] = []
    inner.start({ receive: (bytes) => void replies.push(bytes[0]!), unreachable: () => {} })
    inner.dial(Uint8Array.of(1), B)
    network.carry(B, C, Uint8Array.of(2))
    await clock.runFor(100)
    assert.deepEqual([heard, replies], [[[1, C.port]], [2]])
    network.place(inner, { ...C, port: 33 })
    network.carry(B, C, Uint8Array.of(3))
    network.carry(B, { ...C, port: 33 }, Uint8Array.of(4))
    await clock.runFor(100)
    assert.deepEqual(replies, [2, 4])
    assert.throws(() => network.open(A), /in use/)
  })

  test('has a trace hash that is the same for the same run and tells runs apart', async () => {
    const run = async (byte: number): Promise<string> => {
      const { clock, network, a } = world({ loss: 0.3 })
      for (let i = 0; i < 20; i++) a.dial(Uint8Array.of(i), B)
      a.dial(Uint8Array.of(byte), B)
      await clock.runFor(100)
      return network.trace.toString()
    }
    assert.match(await run(1), /^[0-9a-f]{16}$/)
    assert.equal(await run(1), await run(1))
    assert.notEqual(await run(1), await run(2))
  })
})
