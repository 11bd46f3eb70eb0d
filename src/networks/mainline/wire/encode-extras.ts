// Writes what BEP 33, 44 and 51 add to replies: filters, items, samples. Most replies have none of it, and then
// encode-reply.ts, which puts whole replies together, calls nothing of this.
import type { MainlineReply } from '../messages.ts'
import { FILTER_BYTES, ID_BYTES, PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from './bounds.ts'
import { ascii, stringSize, writer } from '../../krpc/writer.ts'

const PART = {
  results: ascii('1:rd'),
  id: ascii('2:id20:'),
  peerFilter: ascii('4:BFpe256:'),
  seedFilter: ascii('4:BFsd256:'),
  interval: ascii('8:intervali'),
  key: ascii('1:k32:'),
  num: ascii('3:numi'),
  samples: ascii('7:samples'),
  seq: ascii('3:seqi'),
  signature: ascii('3:sig64:'),
  value: ascii('1:v'),
} as const

const END = 0x65

/** Whether there is anything here to be written. */
export function hasExtras({ filters, value, seq, samples }: MainlineReply): boolean {
  return value !== undefined || seq !== undefined || filters !== undefined || samples !== undefined
}

/** What is never shed: all but the samples themselves, whose key stands even when there are none (B51-02). */
export function extrasSize(reply: MainlineReply): number {
  const { filters, value, publicKey, signature, seq, samples, interval, num } = reply
  let size = 0
  if (filters !== undefined) size += PART.peerFilter.length + PART.seedFilter.length + 2 * FILTER_BYTES
  if (value !== undefined) size += PART.value.length + value.length
  if (publicKey !== undefined) size += PART.key.length + PUBLIC_KEY_BYTES
  if (signature !== undefined) size += PART.signature.length + SIGNATURE_BYTES
  if (seq !== undefined) size += PART.seq.length + String(seq).length + 1
  if (samples !== undefined) size += PART.samples.length + stringSize(0)
  if (interval !== undefined) size += PART.interval.length + String(interval).length + 1
  if (num !== undefined) size += PART.num.length + String(num).length + 1
  return size
}

/** The beginning of the results, and all to behind the key of `id`. */
export function putBeforeId({ filters }: MainlineReply): void {
  writer.put(PART.results)
  if (filters !== undefined) {
    writer.put(PART.peerFilter)
    writer.put(filters.peers)
    writer.put(PART.seedFilter)
    writer.put(filters.seeds)
  }
  writer.put(PART.id)
}

/** What stands between `id` and the contacts. */
export function putBeforeContacts({ interval, publicKey }: MainlineReply): void {
  if (interval !== undefined) {
    writer.put(PART.interval)
    writer.number(interval)
    writer.byte(END)
  }
  if (publicKey !== undefined) {
    writer.put(PART.key)
    writer.put(publicKey)
  }
}

/** What stands between the contacts and `token`, with as many samples as fit; says how much of `room` they took. */
export function putBeforeToken({ num, samples, seq, signature }: MainlineReply, room: number): number {
  if (num !== undefined) {
    writer.put(PART.num)
    writer.number(num)
    writer.byte(END)
  }
  const taken = samples === undefined ? 0 : putSamples(samples, room)
  if (seq !== undefined) {
    writer.put(PART.seq)
    writer.bigint(seq)
    writer.byte(END)
  }
  if (signature !== undefined) {
    writer.put(PART.signature)
    writer.put(signature)
  }
  return taken
}

/** What stands between `token` and `values`. */
export function putValue({ value }: MainlineReply): void {
  if (value === undefined) return
  writer.put(PART.value)
  writer.put(value)
}

function putSamples(samples: NonNullable<MainlineReply['samples']>, room: number): number {
  const empty = stringSize(0)
  let count = 0
  while (count < samples.length && stringSize((count + 1) * ID_BYTES) - empty <= room) count++
  writer.put(PART.samples)
  writer.prefix(count * ID_BYTES)
  for (let i = 0; i < count; i++) writer.put(samples[i]!)
  return stringSize(count * ID_BYTES) - empty
}
