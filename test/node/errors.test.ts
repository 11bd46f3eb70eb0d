// Errors of misuse: a code to act on, and a message that names the argument, what it got and what is allowed.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { XorbitError, badArgument, shown } from '../../src/node/errors.ts'

describe('An error', () => {
  test('has its code, its details and its name', () => {
    const error = new XorbitError('refused', 'no', { code: 203 })
    assert.ok(error instanceof Error)
    assert.deepEqual(
      [error.name, error.code, error.message, error.details],
      ['XorbitError', 'refused', 'no', { code: 203 }],
    )
    assert.deepEqual(new XorbitError('closed', 'x').details, {})
  })

  test('of a wrong argument names it, what is allowed and what it got', () => {
    const error = badArgument('port', '1 to 65535', 70_000)
    assert.equal(error.code, 'bad-argument')
    assert.equal(error.message, 'port: expected 1 to 65535, got 70000')
    assert.equal(error.details['argument'], 'port')
  })
})

describe('A value in a message', () => {
  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  const bare = Object.assign(Object.create(null) as Record<string, unknown>, { n: 1n })
  const cases: readonly [string, unknown, string | RegExp][] = [
    ['a text', 'a "b"\nc', '"a \\"b\\"\\nc"'],
    ['a number', 1.5, '1.5'],
    ['no number', NaN, 'NaN'],
    ['an infinity', -Infinity, '-Infinity'],
    ['a big integer', 12n, '12n'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['bytes', new Uint8Array(3), '3 bytes'],
    ['a list', [1, 'a'], '[1,"a"]'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    [
      'a function of several lines',
      () =>
        [1, 2].map((x) => {
          return x + 1
        }),
      /^[^\n]*$/,
    ],
    ['an object that holds itself', circular, 'an object'],
    ['an object of nothing that holds what JSON cannot say', bare, 'an object'],
  ]
  for (const [name, value, expected] of cases) {
    test(`is one short line: ${name}`, () => {
      const text = shown(value)
      if (typeof expected === 'string') assert.equal(text, expected)
      else assert.match(text, expected)
    })
  }

  test('is cut where it is long', () => {
    assert.equal(shown('x'.repeat(1_000)).length, 80)
    assert.match(shown('x'.repeat(1_000)), /\.\.\.$/)
  })
})
