// The judge of the asking side: for what the originals sent of their own accord, a node of ours that does the same sends
// the same bytes, but for our own field: ping, node lookup, store of a signed value, value lookup, and the copy that is
// left on the way (drogulus B7, B8). The uuids are scripted, so they count too.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { MsgPackValue } from '../../../src/codecs/msgpack.ts'
import type { Contact } from '../../../src/kademlia/contact.ts'
import { asId, toHex } from '../../../src/kademlia/id.ts'
import { readRsaKeyPair } from '../../../src/networks/drogulus/keys/identity.ts'
import {
  DROGULUS_COMMITS,
  drogulusVectors,
  type DrogulusCommit,
  type DrogulusDirection,
  type DrogulusVector,
} from '../../drogulus-vectors.ts'
import { fieldsOf, hexOf, messagesIn, text, withoutOurField } from './judging.ts'
import { pemOf, valueOfMessage } from './keys/recorded-keys.ts'
import { packed } from './packets.ts'
import { Replay, type ReplayOptions } from './replay.ts'

/** 9cf11d9 cannot build the messages of the others (drogulus B4, B8). */
const WORKING = ['e9b8c69', '804a320'] as const

const REMOTE = { host: '127.0.0.1', port: 20_810 }

/** No two requests under way have the same. */
const anyTransaction = (n: number): Uint8Array => new Uint8Array(16).fill(n)

function only(name: string, commit: DrogulusCommit, direction: DrogulusDirection): DrogulusVector {
  const lines = drogulusVectors({ name, commit, direction })
  assert.equal(lines.length, 1)
  return lines[0]!
}

const sentBy = (name: string, commit: DrogulusCommit): DrogulusVector =>
  only(name, commit, 'request-from-original')

const messageIn = ({ hex }: DrogulusVector): Uint8Array => messagesIn(hex)[0]!

/** The transaction whose uuid it has. */
function transactionOf(vector: DrogulusVector): Uint8Array {
  const digits = text(fieldsOf(messageIn(vector))['uuid']).replaceAll('-', '')
  return Uint8Array.from(Buffer.from(digits, 'hex'))
}

/** A node of ours with the id of the original that sent this. */
function inPlaceOf(
  vector: DrogulusVector,
  transactions: readonly Uint8Array[],
  more: Partial<ReplayOptions> = {},
): Replay {
  const { node } = fieldsOf(messageIn(vector))
  return new Replay({ commit: vector.commit, ownId: toHex(asId(node as Uint8Array)), transactions, ...more })
}

/** What an original would have sent in place of ours. */
const asOriginal = (bytes: Uint8Array): string => hexOf(withoutOurField(bytes))

/** Whom a lookup for this key asks first, and who comes behind: one contact for each distance. */
function contactsNear(key: MsgPackValue | undefined, ...distances: readonly number[]): Contact[] {
  return distances.map((distance) => {
    const id = asId(Uint8Array.from(key as Uint8Array))
    id[63]! ^= distance
    return { id, address: { ...REMOTE, port: REMOTE.port + distance } }
  })
}

/** An answer to what we sent; these fields instead of its own. */
function answer(
  request: Uint8Array,
  by: Contact,
  fields: Readonly<Record<string, MsgPackValue>>,
): Uint8Array {
  const { uuid } = fieldsOf(request)
  return packed({ version: '0.0.0.alpha.0', ...fields, uuid: uuid!, node: by.id })
}

const NO_NODES = { nodes: [], message: Buffer.from('nodes') }
const PONG = { message: Buffer.from('pong') }

for (const commit of DROGULUS_COMMITS) {
  describe(`In the place of a client of ${commit} ours`, () => {
    test('sends the recorded ping, and reports what the original did of the recorded pong (drogulus B2, B4)', async () => {
      const request = only('client-ping', commit, 'request')
      const replay = inPlaceOf(request, [transactionOf(request)])
      const pinged = replay.node.ping(REMOTE)
      const sent = await replay.nextTo(REMOTE)
      assert.equal(asOriginal(sent), hexOf(messageIn(request)))
      await replay.answered(messageIn(only('client-ping', commit, 'response')), REMOTE)
      const { id } = await replay.clock.settle(pinged)
      const { reply } = only('client-ping', commit, 'result').result as unknown as {
        reply: { message: string; node: { hex: string }; uuid: string }
      }
      assert.equal(toHex(id), reply.node.hex)
      assert.deepEqual([reply.message, reply.uuid], ['pong', text(fieldsOf(sent)['uuid'])])
      await replay.node.close()
    })
  })
}

for (const commit of WORKING) {
  describe(`In the place of a node of ${commit} that does something of its own accord ours`, () => {
    test('asks for nodes by the recorded bytes (drogulus B7)', async () => {
      const request = sentBy('client-findnode', commit)
      const { key } = fieldsOf(messageIn(request))
      const replay = inPlaceOf(request, [transactionOf(request)])
      const [remote] = contactsNear(key, 1)
      replay.knows(remote!)
      const closest = replay.node.closest(key as Uint8Array)
      const sent = await replay.nextTo(remote!.address)
      assert.equal(asOriginal(sent), hexOf(messageIn(request)))
      await replay.answered(answer(sent, remote!, NO_NODES), remote!.address)
      assert.deepEqual(
        (await replay.clock.settle(closest)).map(({ id }) => toHex(id)),
        [toHex(remote!.id)],
      )
      await replay.node.close()
    })

    test('signs and stores a value by the recorded bytes at the recorded time (drogulus B3, B8)', async () => {
      const request = sentBy('client-store', commit)
      const { key, name, value, timestamp, expires } = valueOfMessage(request)
      const replay = inPlaceOf(request, [anyTransaction(1), transactionOf(request)], {
        startAt: 1_000 * timestamp,
        identity: readRsaKeyPair(pemOf('rsa_b', 'private')),
      })
      const [remote] = contactsNear(key, 1)
      replay.knows(remote!)
      const published = replay.node.publish(name, value as Uint8Array, { expires })
      const lookup = await replay.nextTo(remote!.address)
      await replay.answered(answer(lookup, remote!, NO_NODES), remote!.address)
      const sent = await replay.nextTo(remote!.address)
      assert.equal(asOriginal(sent), hexOf(messageIn(request)))
      await replay.answered(answer(sent, remote!, PONG), remote!.address)
      const report = await replay.clock.settle(published)
      assert.deepEqual([report.stored, report.key, report.timestamp], [2, toHex(key), timestamp])
      await replay.node.close()
    })

    test('asks for a value by the recorded bytes, and leaves it by the recorded bytes at the nearest that has it not (drogulus B7, B8)', async () => {
      const [find, store] = [sentBy('client-findvalue', commit), sentBy('client-cache-store', commit)]
      const { key } = fieldsOf(messageIn(find))
      const replay = inPlaceOf(find, [
        transactionOf(find),
        anyTransaction(1),
        anyTransaction(2),
        transactionOf(store),
      ])
      const [holder, nearest, farther] = contactsNear(key, 1, 2, 4)
      replay.knows(holder!, nearest!, farther!)
      const got = replay.node.get(key as Uint8Array, { mode: 'first' })
      const asked = await replay.nextTo(holder!.address)
      assert.equal(asOriginal(asked), hexOf(messageIn(find)))
      for (const other of [farther!, nearest!]) {
        const question = await replay.nextTo(other.address)
        await replay.answered(answer(question, other, NO_NODES), other.address)
      }
      // What an original answered to the same question.
      const held = fieldsOf(messageIn(only('findvalue', commit, 'response')))
      await replay.answered(answer(asked, holder!, held), holder!.address)
      assert.equal((await replay.clock.settle(got))?.text, 'world')
      assert.equal(asOriginal(await replay.nextTo(nearest!.address)), hexOf(messageIn(store)))
      assert.deepEqual(replay.dialled, [], 'and at no other')
      await replay.node.close()
    })
  })
}
