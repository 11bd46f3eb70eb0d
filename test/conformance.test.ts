// docs/conformance.md is what the tests say: made anew it is the same, and no line is claimed that is not held.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { problemsOf, type Conformance } from './conformance/check.ts'
import { readDeviations, readRequirements, readThreats, type Entry } from './conformance/entries.ts'
import { PAGE, pageOf, readConformance } from './conformance/page.ts'
import { claimsOf, idsIn, type Claim } from './conformance/titles.ts'

const root = join(import.meta.dirname, '..')
const conformance = readConformance(root)

describe('docs/conformance.md', () => {
  test('is what the tests and the lines make of it', () => {
    const committed = readFileSync(join(root, PAGE), 'utf8')
    assert.ok(committed === pageOf(conformance), `${PAGE} is stale: npm run conformance writes it`)
  })

  test('says yes where a test says so, and why where it does not say yes', () => {
    const problems = problemsOf(conformance)
    assert.deepEqual(problems, [], problems.join('\n'))
  })

  test('leaves nothing open', () => {
    const entries = [...conformance.sections.flatMap((section) => section.entries), ...conformance.threats]
    const open = entries.filter(({ status }) => status === 'open')
    assert.equal(open.map(({ id }) => id).join(' '), '')
  })
})

const entry = (id: string, status: Entry['status'], more: Partial<Entry> = {}): Entry => {
  return { id, level: 'M', status, text: 'does something', ...more }
}
const claim = (...ids: string[]): Claim => ({ file: 'test/a.test.ts', line: 7, ids, title: 'does it' })

function problems(
  entries: readonly Entry[],
  claims: readonly Claim[],
  more: Partial<Conformance> = {},
): string {
  const sections = [{ title: 'A section', entries }]
  return problemsOf({ sections, threats: [], deviations: [], claims, strays: [], ...more }).join('\n')
}

describe('What is wrong with the lines', () => {
  test('is nothing where each is held or says why not', () => {
    const entries = [
      entry('K-01', 'yes'),
      entry('K-02', 'no', { because: 'nobody does' }),
      entry('K-03', 'partly', { because: 'half of it is the client’s' }),
      entry('K-04', 'open'),
    ]
    assert.equal(problems(entries, [claim('K-01'), claim('K-03'), claim('K-04')]), '')
  })

  test('is a line that is kept and that no test names, or only one that does not run with the others', () => {
    assert.equal(problems([entry('K-01', 'yes')], []), 'K-01 is "yes" and no test names it')
    const long = { ...claim('K-01'), file: 'test/long/a.test.ts' }
    assert.equal(problems([entry('K-01', 'yes')], [long]), 'K-01 is "yes" and no test names it')
  })

  test('is one that is not kept and does not say why, or is kept and says why not, or is tested all the same', () => {
    for (const status of ['no', 'partly', 'later'] as const) {
      assert.equal(problems([entry('K-01', status)], []), `K-01 is "${status}" and does not say why`)
    }
    const because = 'nobody does'
    assert.match(problems([entry('K-01', 'open', { because })], []), /"open" and says why/)
    assert.match(problems([entry('K-01', 'no', { because })], [claim('K-01')]), /"no" and a test names it/)
  })

  test('is an id that is none: of a test, and of a deviation', () => {
    assert.match(problems([], [claim('K-99')]), /^test\/a\.test\.ts:7 names K-99/)
    const deviations = [{ who: 'somebody', text: 'odd', ours: 'even', ids: ['K-98'] }]
    assert.match(problems([], [], { deviations }), /^"odd" names K-98/)
  })

  test('is a line left out, one that stands twice, and an id where no test would run', () => {
    const open = (id: string): Entry => entry(id, 'open')
    assert.equal(problems([open('K-01'), open('K-03')], []), 'K-03 stands where K-2 should')
    assert.equal(problems([open('A0'), open('A1')], []), '')
    assert.equal(problems([open('A0'), open('A2')], []), 'A2 stands where A1 should')
    assert.equal(problems([open('T1'), open('T1')], []), 'T1 stands where T2 should')
    const strays = [{ file: 'test/a.test.ts', line: 3, callee: 'property', ids: ['K-01'] }]
    assert.match(problems([open('K-01')], [], { strays }), /^test\/a\.test\.ts:3 gives K-01 to property\(\)/)
  })
})

describe('The ids of a title', () => {
  test('stand alone, in a row, or as a range', () => {
    assert.deepEqual(idsIn('refuses it (B44-05)'), ['B44-05'])
    assert.deepEqual(idsIn('K-01 K-04, T8: B5-13'), ['K-01', 'K-04', 'T8', 'B5-13'])
    assert.deepEqual(idsIn('(B44-09…11)'), ['B44-09', 'B44-10', 'B44-11'])
    assert.deepEqual(idsIn('(B44-09…B44-11, T16–T18)'), ['B44-09', 'B44-10', 'B44-11', 'T16', 'T17', 'T18'])
    assert.deepEqual(idsIn('B33-01..02 and B33-01'), ['B33-01', 'B33-02'])
    assert.deepEqual(idsIn('is a list (khashmir A3, A4)'), ['A3', 'A4'])
    assert.deepEqual(idsIn('is a map (drogulus B2, B5-10, B44-01)'), ['B2', 'B5-10', 'B44-01'])
    assert.deepEqual(idsIn('a UTF8 text, BEP 44, SHA-1, MK-01, 2T1, A000, B12, BB1'), [])
  })

  test('are read from describe, test and scenario, over lines, in templates and sums', () => {
    const source = `
      // test('a comment (K-01)')
      describe('A suite (K-02)', { skip }, () => {
        test('K-03 plain', () => assert.ok(f(')'), 'not a title (K-04)'))
        scenario(
          'over lines ' +
            'and (K-05)', {}, async () => {})
        for (const each of all) test(\`T6 \${each + \`\${x}\`} isn\\'t (K-07)\`, () => {})
      })
      test("B5-08, B5-09: outside", f)
      test('of another network (khashmir A3, T4)', f)`
    assert.deepEqual(
      claimsOf('test/a.test.ts', source).claims.map(({ line, ids, title }) => [line, ids.join(), title]),
      [
        [3, 'K-02', 'A suite: all'],
        [4, 'K-03', 'A suite: plain'],
        [5, 'K-05', 'A suite: over lines and'],
        [8, 'T6,K-07', 'A suite: … isn’t'.replace('’', "'")],
        [10, 'B5-08,B5-09', 'outside'],
        [11, 'A3,T4', 'of another network'],
      ],
    )
  })

  test('claim nothing where no test would run, and are told of where that is no test', () => {
    const source = `test.skip('K-01 a'); describe.todo('K-02 b', () => {}); property('K-03 c', f); x.test('K-04 d')`
    const { claims, strays } = claimsOf('test/a.test.ts', source)
    assert.deepEqual(
      claims.map(({ ids }) => ids[0]),
      ['K-04'],
    )
    assert.deepEqual(strays, [{ file: 'test/a.test.ts', line: 1, callee: 'property', ids: ['K-03'] }])
  })
})

describe('The texts of the lines', () => {
  test('have sections, continued lines, reasons and notes', () => {
    const text = '# x\n== Some\nK-01 M yes  a\n  b\n  note: c\n  d\n\nK-02 M/O no  e\n  because: f\n'
    assert.deepEqual(readRequirements(text), [
      {
        title: 'Some',
        entries: [
          { id: 'K-01', level: 'M', status: 'yes', text: 'a b', note: 'c d' },
          { id: 'K-02', level: 'M/O', status: 'no', text: 'e', because: 'f' },
        ],
      },
    ])
    const threat = { id: 'T1', level: '', status: 'later', text: 'a', defence: 'b', because: 'c' }
    assert.deepEqual(readThreats('T1 later  a\n  defence: b\n  because: c'), [threat])
    const ours = [{ who: 'LT', text: 'a b', ours: 'c.', ids: ['K-01', 'T2'] }]
    assert.deepEqual(readDeviations('LT  a b\n  ours: c. K-01, T2'), ours)
  })

  test('are refused where a line is none', () => {
    for (const line of ['K-01 X yes  a', 'K-01 M maybe  a', 'K-01 M yes a', 'K-01 M yes  ']) {
      assert.throws(() => readRequirements(`== S\n${line}`), /is no entry: K-01/)
    }
    assert.throws(() => readDeviations('LT  a'), /is no deviation: LT/)
    assert.throws(() => readThreats('  defence: of nothing'), /continues nothing/)
  })
})
