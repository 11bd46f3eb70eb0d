// Events: told in order to all who listen, and never the end of the process for want of a listener or for a bad one.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { TypedEvents } from '../../src/node/typed-events.ts'
import { settled } from './virtual-time.ts'

interface Events {
  readonly peer: string
  readonly error: Error
}

describe('Events', () => {
  test('reach their listeners in order, with their detail, and no others', () => {
    const events = new TypedEvents<Events>()
    const heard: string[] = []
    events.on('peer', (name) => void heard.push(`first ${name}`))
    events.on('peer', (name) => void heard.push(`second ${name}`))
    events.on('error', () => void heard.push('error'))
    events.emit('peer', 'a')
    assert.deepEqual(heard, ['first a', 'second a'])
  })

  test('without a listener are no trouble, be they called error', () => {
    new TypedEvents<Events>().emit('error', new Error('nobody listens'))
  })

  test('are told no more to who has gone; going twice is no trouble', () => {
    const events = new TypedEvents<Events>()
    let heard = 0
    const off = events.on('peer', () => void heard++)
    events.emit('peer', 'a')
    off()
    off()
    events.emit('peer', 'b')
    assert.equal(heard, 1)
    events.on('peer', () => void heard++)
    events.clear()
    events.emit('peer', 'c')
    assert.equal(heard, 1)
  })

  test('are told from the next one on to who comes while one is told', () => {
    const events = new TypedEvents<Events>()
    let late = 0
    events.on('peer', () => void events.on('peer', () => void late++))
    events.emit('peer', 'a')
    assert.equal(late, 0)
    events.emit('peer', 'b')
    assert.equal(late, 1)
  })

  test('reach the others when one listener throws, and its error surfaces as uncaught, not at who tells', async () => {
    const events = new TypedEvents<Events>()
    const heard: string[] = []
    events.on('peer', () => {
      throw new Error('a bad listener')
    })
    events.on('peer', (name) => void heard.push(name))
    const uncaught: unknown[] = []
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => void uncaught.push(error.message))
    try {
      events.emit('peer', 'a')
      assert.deepEqual(heard, ['a'])
      await settled()
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const listener of others) process.on('uncaughtException', listener)
    }
    assert.deepEqual(uncaught, ['a bad listener'])
  })
})
