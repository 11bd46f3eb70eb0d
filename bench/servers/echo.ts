// The yardstick: a bare node:dgram socket that answers every packet with the same bytes, as long as the answer of
// a real server, and copies the two bytes of the transaction. It decodes nothing and keeps nothing.
// The synchronous lookup makes it as fast as a node:dgram socket gets; without it, it would be easier to reach.
import { createSocket } from 'node:dgram'
import { serve } from './serve.ts'

/** A query ends with these two bytes and `1:y1:qe`. */
const TRANSACTION_FROM_END = 9

serve(async () => {
  const socket = createSocket({ type: 'udp4', lookup: (address, _options, done) => done(null, address, 4) })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  socket.setRecvBufferSize(4 * 1024 * 1024)
  let answer: Uint8Array = Buffer.from('d1:rde1:t2:TT1:y1:re')
  let at = Buffer.from(answer).indexOf('TT')
  socket.on('message', (query, from) => {
    const transaction = query.length - TRANSACTION_FROM_END
    answer[at] = query[transaction]!
    answer[at + 1] = query[transaction + 1]!
    socket.send(answer, from.port, from.address)
  })
  return {
    port: socket.address().port,
    tableSize: () => null,
    setAnswer: (bytes, transactionAt) => {
      answer = bytes
      at = transactionAt
    },
  }
})
