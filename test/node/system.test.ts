// The real clock, timers, randomness and hash.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { createRandom, createScheduler, sha1 } from '../../src/node/system.ts'

/** Time that stands still until a test moves it. */
class FakeTime {
  steady = 1000
  wallClock = 1_700_000_000_000
  monotonic = (): number => this.steady
  wall = (): number => this.wallClock

  pass(ms: number): void {
    this.steady += ms
    this.wallClock += ms
  }
}

const clock = (time?: FakeTime): (() => number) => {
  const scheduler = createScheduler(time)
  return () => scheduler.now()
}

describe('clock', () => {
  test('is ms since 1970 and moves with the monotonic clock', () => {
    const time = new FakeTime()
    const now = clock(time)
    assert.equal(now(), 1_700_000_000_000)
    time.pass(1500)
    assert.equal(now(), 1_700_000_001_500)
  })

  test('a wall clock set back changes nothing', () => {
    const time = new FakeTime()
    const now = clock(time)
    time.wallClock -= 86_400_000
    time.pass(1000)
    assert.equal(now(), 1_700_000_001_000)
  })

  test('a wall clock that is ahead by 30 s or less changes nothing', () => {
    const time = new FakeTime()
    const now = clock(time)
    time.wallClock += 30_000
    for (let round = 1; round <= 10; round++) {
      time.pass(50)
      assert.equal(now(), 1_700_000_000_000 + 50 * round)
    }
  })

  test('a suspension of the machine is followed', () => {
    const time = new FakeTime()
    const now = clock(time)
    now()
    time.wallClock += 3_600_000
    // The wall clock is looked at every 100 ms, so that it costs nothing for each packet.
    time.pass(100)
    assert.equal(now(), 1_700_003_600_100)
    time.pass(10)
    assert.equal(now(), 1_700_003_600_110)
  })

  test('never goes back, whatever the wall clock does', () => {
    const time = new FakeTime()
    const now = clock(time)
    const random = createRandom()
    let before = now()
    for (let round = 0; round < 10_000; round++) {
      time.steady += random.fraction() * 100
      time.wallClock += (random.fraction() - 0.5) * 200_000
      const after = now()
      assert.ok(after >= before)
      before = after
    }
  })

  test('agrees with the system’s', () => {
    const now = clock()
    assert.ok(Math.abs(now() - Date.now()) < 1000)
  })
})

describe('timers', () => {
  test('run once, at or after their time, in order', async () => {
    const scheduler = createScheduler()
    const start = scheduler.now()
    const ran: [number, number][] = []
    await new Promise<void>((resolve) => {
      for (const delay of [20, 5, 0, -50]) {
        scheduler.at(start + delay, () => ran.push([delay, scheduler.now() - start]))
      }
      setTimeout(resolve, 60)
    })
    assert.deepEqual(
      ran.map(([delay]) => delay).toSorted((a, b) => a - b),
      [-50, 0, 5, 20],
    )
    for (const [delay, at] of ran) assert.ok(at >= delay, `${delay} ran at ${at}`)
  })

  test('cancelled ones do not run; cancelling again or afterwards is harmless', async () => {
    const scheduler = createScheduler()
    let runs = 0
    const cancel = scheduler.at(scheduler.now() + 5, () => runs++)
    cancel()
    cancel()
    const late = scheduler.at(scheduler.now(), () => runs++)
    await new Promise((resolve) => setTimeout(resolve, 30))
    late()
    assert.equal(runs, 1)
  })

  test('delays beyond what setTimeout takes neither run at once nor are lost', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] })
    const time = new FakeTime()
    const scheduler = createScheduler(time)
    const days = 40 * 86_400_000
    let runs = 0
    scheduler.at(scheduler.now() + days, () => runs++)
    const step = 60_000
    for (let passed = step; passed < days; passed += step) {
      time.pass(step)
      context.mock.timers.tick(step)
    }
    assert.equal(runs, 0)
    time.pass(step)
    context.mock.timers.tick(step)
    assert.equal(runs, 1)
  })

  test('after a suspension a timer is late by a minute at most', (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] })
    const time = new FakeTime()
    const scheduler = createScheduler(time)
    let runs = 0
    scheduler.at(scheduler.now() + 3_600_000, () => runs++)
    time.wallClock += 8 * 3_600_000
    time.pass(60_000)
    context.mock.timers.tick(60_000)
    assert.equal(runs, 1)
  })

  test('one that was cancelled between its pieces stays cancelled', (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] })
    const time = new FakeTime()
    const scheduler = createScheduler(time)
    let runs = 0
    const cancel = scheduler.at(scheduler.now() + 90_000, () => runs++)
    time.pass(60_000)
    context.mock.timers.tick(60_000)
    cancel()
    time.pass(60_000)
    context.mock.timers.tick(60_000)
    assert.equal(runs, 0)
  })

  test('do not keep the process alive', () => {
    const system = new URL('../../src/node/system.ts', import.meta.url).href
    const script = `import { createScheduler } from '${system}'
      const s = createScheduler()
      s.at(s.now() + 60000, () => {})`
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 10_000 })
    assert.equal(child.status, 0, String(child.stderr))
  })

  test('soon runs after the callbacks of this turn', async () => {
    const scheduler = createScheduler()
    const order: string[] = []
    await new Promise<void>((resolve) => {
      scheduler.soon(() => {
        order.push('soon')
        resolve()
      })
      queueMicrotask(() => order.push('microtask'))
      order.push('now')
    })
    assert.deepEqual(order, ['now', 'microtask', 'soon'])
  })
})

describe('random', () => {
  test('bytes have the length asked for, and are the caller’s to keep', () => {
    const random = createRandom()
    for (const count of [0, 1, 2, 20, 32, 64, 4095, 4096, 4097, 100_000]) {
      const bytes = random.bytes(count)
      assert.equal(bytes.length, count)
      assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype)
      const copy = bytes.slice()
      random.bytes(4096)
      random.bytes(4096)
      assert.deepEqual(bytes, copy)
    }
  })

  test('never hands out the same 8 bytes twice, over many blocks', () => {
    const random = createRandom()
    const seen = new Set<string>()
    for (let round = 0; round < 20_000; round++) seen.add(random.bytes(8).join())
    assert.equal(seen.size, 20_000)
  })

  test('bytes are evenly spread', () => {
    const random = createRandom()
    const counts = Array.from({ length: 256 }, () => 0)
    for (let round = 0; round < 10_000; round++) {
      for (const byte of random.bytes(25)) counts[byte] = counts[byte]! + 1
    }
    // 977 on average; nine standard deviations either way.
    for (const count of counts) assert.ok(count > 695 && count < 1260, String(count))
  })

  test('fractions are in [0, 1), evenly spread, and use 53 bits', () => {
    const random = createRandom()
    let sum = 0
    let fine = 0
    for (let round = 0; round < 20_000; round++) {
      const fraction = random.fraction()
      assert.ok(fraction >= 0 && fraction < 1)
      sum += fraction
      if ((fraction * 2 ** 53) % 2 === 1) fine++
    }
    assert.ok(Math.abs(sum / 20_000 - 0.5) < 0.02)
    assert.ok(fine > 9_000 && fine < 11_000)
  })
})

describe('sha1', () => {
  test('of the standard’s examples', () => {
    const hex = (text: string): string => Buffer.from(sha1(new TextEncoder().encode(text))).toString('hex')
    assert.equal(hex(''), 'da39a3ee5e6b4b0d3255bfef95601890afd80709')
    assert.equal(hex('abc'), 'a9993e364706816aba3e25717850c26c9cd0d89d')
  })

  test('agrees with createHash on random data', () => {
    const random = createRandom()
    for (let length = 0; length < 300; length++) {
      const data = random.bytes(length)
      assert.deepEqual(sha1(data), new Uint8Array(createHash('sha1').update(data).digest()))
    }
  })
})
