// The real clock, timers, randomness and hash of a node, on Node.js. The simulator has its own of each.
// Not here: when anything is due (kademlia/), nor who wires these up (the networks' open.ts).
import { hash, randomFillSync } from 'node:crypto'
import type { Hash, Random } from '../kademlia/ports.ts'
import type { Scheduler } from './ports.ts'

/** Where the clock gets its time from; both in ms, with fractions or without. */
export interface TimeSources {
  /** Never goes back, from any origin. On Linux it stands still while the machine is suspended. */
  readonly monotonic: () => number
  /** Since 1970; may be set forward and back by anybody. */
  readonly wall: () => number
}

const SYSTEM_TIME: TimeSources = { monotonic: () => performance.now(), wall: () => Date.now() }

/** How far the wall clock must be ahead before it counts as a suspension: more than NTP ever steps in a day. */
const SLEPT_MS = 30_000

/** How often the wall clock is looked at: every packet asks for the time, and each clock costs 40 ns. */
const LOOK_MS = 100

/**
 * The longest single timer. Timers stand still in a suspension as the monotonic clock does, so that after one a
 * timer is late by at most this; and setTimeout takes no more than 2^31 - 1 ms anyway.
 */
const LONGEST_TIMER_MS = 60_000

/** A scheduler on `setTimeout` and `setImmediate`. `now()` has fractions of a millisecond. */
export function createScheduler(sources: TimeSources = SYSTEM_TIME): Scheduler {
  const now = createClock(sources)
  return {
    now,
    at(time, run) {
      let timer: NodeJS.Timeout
      const arm = (): void => {
        // Rounded up, and looked at again when it fires: setTimeout counts whole ms and may fire early.
        const delayMs = Math.min(Math.max(Math.ceil(time - now()), 0), LONGEST_TIMER_MS)
        timer = setTimeout(fire, delayMs)
        timer.unref()
      }
      const fire = (): void => {
        if (now() < time) arm()
        else run()
      }
      arm()
      return () => clearTimeout(timer)
    },
    soon(run) {
      setImmediate(run)
    },
  }
}

/**
 * Ms since 1970 that never go back: the monotonic clock, moved to the wall clock's origin once, at the start.
 * A wall clock that runs ahead by more than SLEPT_MS means that the machine slept, and moves the origin forward.
 * A wall clock that is set back means nothing. A suspension shows within LOOK_MS of waking.
 */
function createClock({ monotonic, wall }: TimeSources): () => number {
  let offset = wall() - monotonic()
  let lookAt = 0
  return () => {
    const time = monotonic() + offset
    if (time < lookAt) return time
    lookAt = time + LOOK_MS
    const ahead = wall() - time
    if (ahead <= SLEPT_MS) return time
    offset += ahead
    return time + ahead
  }
}

/** One system call for many small draws: a draw of 20 bytes costs 1,500 ns alone and 60 ns out of a block. */
const RANDOM_BLOCK_BYTES = 4096
const TWO_POW_26 = 2 ** 26
const TWO_POW_53 = 2 ** 53

/** Cryptographic randomness. Every byte is handed out once. */
export function createRandom(): Random {
  const block = new Uint8Array(RANDOM_BLOCK_BYTES)
  const words = new DataView(block.buffer)
  let used = RANDOM_BLOCK_BYTES

  /** Where `count` unused bytes of the block begin. */
  const take = (count: number): number => {
    if (used + count > RANDOM_BLOCK_BYTES) {
      randomFillSync(block)
      used = 0
    }
    const start = used
    used += count
    return start
  }

  return {
    bytes(count) {
      if (count > RANDOM_BLOCK_BYTES) return randomFillSync(new Uint8Array(count))
      const start = take(count)
      return block.slice(start, start + count)
    },
    fraction() {
      const start = take(8)
      const high = words.getUint32(start) >>> 5
      const low = words.getUint32(start + 4) >>> 6
      return (high * TWO_POW_26 + low) / TWO_POW_53
    },
  }
}

const SHA1_BYTES = 20

/**
 * SHA-1. The one-shot hash makes text of it four times faster than bytes (Node 26, 24 bytes in: 'buffer' 1,010 ns,
 * 'hex' and back 360 ns, 'binary', one character a byte, and back 320 ns).
 */
export const sha1: Hash = (data) => {
  const text = hash('sha1', data, 'binary')
  const digest = new Uint8Array(SHA1_BYTES)
  for (let index = 0; index < SHA1_BYTES; index++) digest[index] = text.charCodeAt(index)
  return digest
}

/** Resolves when no promise of this process has anything left to do: what the simulator waits for after each event. */
export function microtasksDone(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
