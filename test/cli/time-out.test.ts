// A search that is cut off by --timeout keeps what it has found. The network is one node played by this test: it answers
// at once, and names another that never answers, so that no search can come to its end in time.
import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { objects, run } from './command.ts'

const HASH = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a'
const ID = Buffer.from('c1'.repeat(20), 'hex')
const SILENT_ID = Buffer.from(HASH, 'hex')

let talker: Socket
let silent: Socket
let through: string[]

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}

function compact(port: number): Buffer {
  return Buffer.from([127, 0, 0, 1, port >> 8, port & 255])
}

/** A byte string of bencode, of bytes as latin1. */
const text = (bytes: string): string => `${bytes.length}:${bytes}`

/** Only who asks for HASH, or for samples, hears of the silent node and of the peer, so that joining is quick. */
function answer(query: string): Buffer {
  const [, length, rest] = /1:t(\d+):([^]*)$/.exec(query)!
  const isSurvey = query.includes('17:sample_infohashes')
  const isForHash = query.includes(SILENT_ID.toString('latin1'))
  const nodes =
    isForHash || isSurvey ? Buffer.concat([SILENT_ID, compact(silent.address().port)]) : Buffer.alloc(0)
  const found = query.includes('9:get_peers')
    ? `5:token2:xy6:valuesl${text(compact(8080).toString('latin1'))}e`
    : isSurvey
      ? `3:numi1e7:samples${text(SILENT_ID.toString('latin1'))}`
      : ''
  const reply = `d2:id${text(ID.toString('latin1'))}5:nodes${text(nodes.toString('latin1'))}${found}e`
  return Buffer.from(`d1:r${reply}1:t${text(rest!.slice(0, Number(length)))}1:y1:re`, 'latin1')
}

before(async () => {
  talker = await bound()
  silent = await bound()
  talker.on('message', (packet, from) => {
    talker.send(answer(packet.toString('latin1')), from.port, from.address)
  })
  through = ['--bootstrap', `127.0.0.1:${talker.address().port}`, '--timeout', '2s']
})
after(() => {
  talker.close()
  silent.close()
})

describe('A search that runs out of time', () => {
  test('leaves the peers that it has found, says so, and exits with 0', async () => {
    const { code, stdout, stderr } = await run('peers', HASH, ...through)
    assert.deepEqual([code, stdout], [0, '127.0.0.1:8080\n'])
    assert.equal(stderr, '1 peer so far; timed out after 2 s; --timeout allows more\n')
  })

  test('leaves the infohashes that it has heard of', async () => {
    const { code, stdout, stderr } = await run('sample', ...through)
    assert.deepEqual([code, stdout], [0, `${HASH}  127.0.0.1:${talker.address().port}\n`])
    assert.equal(stderr, '1 infohash so far; timed out after 2 s; --timeout allows more\n')
  })

  test('leaves the closest nodes that have answered, as JSON', async () => {
    const { code, stdout, stderr } = await run('lookup', HASH, ...through, '--json')
    const last = objects(stdout).at(-1)
    const port = talker.address().port
    assert.deepEqual(last, { target: HASH, closest: [{ id: 'c1'.repeat(20), host: '127.0.0.1', port }] })
    assert.deepEqual([code, stderr], [0, ''])
  })
})
