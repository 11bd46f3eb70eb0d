// Whether every recorded line of khashmir has a judge. What the judges say is in their own files.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { khashmirVectors, type KhashmirVector } from '../../khashmir-vectors.ts'

const ACTIONS = 'scenarios/khashmir-recorded-actions.test.ts'
const CODECS = 'codecs/khashmir-vectors.test.ts'
/** The original reads so what it never takes from the wire. */
const UNUSED = 'none'
const TABLE = 'networks/khashmir/table-vectors.test.ts'

/** The judge of a line; '': it has none. */
function judgeOf({ name, direction, requesterAddr }: KhashmirVector): string {
  if (direction === 'function') return FUNCTIONS[name] ?? ''
  if (requesterAddr !== undefined || name === 'unsolicited-ping') return 'networks/khashmir/vectors.test.ts'
  if (name === 'client-store' || name === 'client-get') return ACTIONS
  return name.startsWith('client-') ? 'networks/khashmir/client-vectors.test.ts' : ''
}

const FUNCTIONS: Readonly<Record<string, string>> = {
  bdecode: CODECS,
  'bdecode-sloppy': UNUSED,
  bencode: CODECS,
  compact: CODECS,
  uncompact: CODECS,
  token: 'networks/khashmir/bound-tokens.test.ts',
  'close-target': 'networks/khashmir/node-id.test.ts',
  distance: TABLE,
  stringify: TABLE,
  table: TABLE,
  'table-find': TABLE,
  'table-merge': TABLE,
}

describe('A recorded line of khashmir', () => {
  test('has a judge, each of the 1,272 but those of a reader that the wire never uses', () => {
    const lines = khashmirVectors()
    const counts = Object.fromEntries(
      Map.groupBy(lines, judgeOf)
        .entries()
        .map(([judge, judged]) => [judge, judged.length]),
    )
    assert.deepEqual(counts, {
      [CODECS]: 408,
      [UNUSED]: 16,
      'networks/khashmir/bound-tokens.test.ts': 12,
      'networks/khashmir/node-id.test.ts': 8,
      [TABLE]: 60,
      'networks/khashmir/vectors.test.ts': 692,
      'networks/khashmir/client-vectors.test.ts': 68,
      [ACTIONS]: 8,
    })
    assert.equal(lines.length, 1_272)
  })
})
