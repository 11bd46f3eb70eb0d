// Who is kept out of the table of a drogulus node for a forgery (drogulus B0, B4): by id and source address together, for a
// time, also after a restart. A whole node in virtual time; forgeries are recorded ones.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { frameNetstring } from '../../../src/codecs/netstring.ts'
import type { Contact } from '../../../src/kademlia/contact.ts'
import { toHex, type Id } from '../../../src/kademlia/id.ts'
import { Blacklist } from '../../../src/networks/drogulus/blacklist.ts'
import { createMemoryStore } from '../../../src/stores/memory-store.ts'
import { drogulusVectors } from '../../drogulus-vectors.ts'
import { fieldsOf, messagesIn, text } from './judging.ts'
import { ID, KEY, message } from './packets.ts'
import { Replay } from './replay.ts'

const HOUR = 3_600_000
const HOST = '127.0.0.1'
/** A port from which it asks, and that under which it is known. */
const ASKING = { host: HOST, port: 54_000 }
const KNOWN = { host: HOST, port: 9_000 }

const { hex: FORGERY } = drogulusVectors({
  name: 'store-bad-signature',
  commit: 'e9b8c69',
  direction: 'request',
})[0]!
const FORGER = fieldsOf(messagesIn(FORGERY)[0]!)['node'] as Id

const replay = (): Replay => new Replay({ commit: 'e9b8c69', ownId: toHex(KEY) })

/** A ping of somebody who says where it can be dialled, as nodes of ours do. */
const pingOf = (id: Uint8Array): Uint8Array =>
  frameNetstring(message('ping', { node: id, reply_port: KNOWN.port }))

describe('The sender of a forgery', () => {
  test('goes out of the table, and is still answered (drogulus B4)', async () => {
    const ours = replay()
    ours.knows({ id: FORGER, address: KNOWN })
    const heard: string[] = []
    ours.node.on('banned', ({ contact, why }) => heard.push(`${toHex(contact.id)} ${why}`))
    const { answers } = await ours.serve(FORGERY, ASKING)
    assert.equal(fieldsOf(answers[0]!)['code'], 6)
    assert.equal(ours.node.table.find(FORGER), null)
    assert.deepEqual(heard, [`${toHex(FORGER)} unverifiable`])
    assert.equal(ours.node.stats().banned, 1)
    const pong = await ours.serve(pingOf(FORGER), ASKING)
    assert.equal(text(fieldsOf(pong.answers[0]!)['message']), 'pong')
  })

  test('is not asked back any more from that address, until its time is over (drogulus B0)', async () => {
    const ours = replay()
    await ours.serve(FORGERY, ASKING)
    await ours.serve(pingOf(FORGER), ASKING)
    assert.deepEqual(ours.dialled, [])
    await ours.serve(pingOf(ID), ASKING)
    assert.deepEqual(
      ours.dialled.map(({ to }) => to),
      [KNOWN],
      'another one at the same host is',
    )
    const later = replay()
    await later.serve(FORGERY, ASKING)
    await later.clock.runFor(24 * HOUR)
    await later.serve(pingOf(FORGER), ASKING)
    assert.deepEqual(
      later.dialled.map(({ to }) => to),
      [KNOWN],
    )
  })

  test('costs nobody a place whose id it has taken: elsewhere that id stays welcome (drogulus B0)', async () => {
    const ours = replay()
    const honest = { id: FORGER, address: { host: '127.0.0.2', port: 9_000 } }
    ours.knows(honest)
    await ours.serve(FORGERY, ASKING)
    assert.deepEqual(ours.node.table.find(FORGER)?.address, honest.address)
    assert.equal(ours.node.stats().banned, 1)
  })
})

describe('A blacklist', () => {
  const contact = { id: ID, address: KNOWN }

  test('keeps id and host together for its time, whatever the port, and says that it is to be committed (drogulus B0)', () => {
    const { state } = createMemoryStore()
    let [now, changes] = [1_000, 0]
    const parts = { state, now: () => now, banMs: HOUR, changed: () => void changes++ }
    const blacklist = new Blacklist(parts)
    assert.equal(blacklist.has(contact), false)
    blacklist.ban(contact, 'unverifiable')
    assert.equal(changes, 1)
    assert.equal(blacklist.has({ ...contact, address: ASKING }), true)
    assert.equal(blacklist.has({ ...contact, address: { ...KNOWN, host: '127.0.0.2' } }), false)
    assert.equal(blacklist.has({ ...contact, id: KEY }), false)
    const six = (host: string): Contact => ({ id: KEY, address: { host, port: 9_000 } })
    blacklist.ban(six('2a00:1:2:3::1'), 'unverifiable')
    assert.equal(blacklist.has(six('2a00:1:2:3:ffff::7')), true, 'one owner has all of a /64')
    assert.equal(blacklist.has(six('2a00:1:2:4::1')), false)
    assert.equal(new Blacklist(parts).has(contact), true, 'it is in the store')
    now += HOUR - 1
    assert.equal(blacklist.has(contact), true)
    now++
    assert.equal(blacklist.has(contact), false)
  })
})
