// The house holds: arrows between the rooms, an algorithm without a clock, no cycles, files of readable size.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  bannedWords,
  forbiddenImports,
  importCycles,
  MAX_LINES_OF_A_FILE,
  namelessThings,
  realThingsBehindTheSimulator,
  silentFile,
  surfaceThatIsMore,
  tooLong,
  type Source,
} from './architecture/rules.ts'
import { importsOf, tokenize } from './architecture/scan.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

function sourcesIn(...folders: string[]): Source[] {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root }))
    .map((path) => ({ path: path.split(sep).join('/'), text: readFileSync(join(root, path), 'utf8') }))
}

const src = sourcesIn('src')
const all = sourcesIn('src', 'test', 'bench', 'examples')

const holds = (violations: string[]): void => assert.deepEqual(violations, [], violations.join('\n'))

describe('The house', () => {
  test('has arrows that point one way', () => holds(src.flatMap(forbiddenImports)))
  test('keeps clocks, timers, dice, promises and Node out of the algorithm', () =>
    holds(src.flatMap(bannedWords)))
  test('has no modules that load each other', () => holds(importCycles(src)))
  test('loads neither sockets nor SQLite with the simulator', () => holds(realThingsBehindTheSimulator(src)))
  test('has a surface that only re-exports, name by name', () => holds(src.flatMap(surfaceThatIsMore)))
  test(`has no file of more than ${MAX_LINES_OF_A_FILE} lines`, () => holds(all.flatMap(tooLong)))
  test('names every folder, file and class by what it is', () => holds(all.flatMap(namelessThings)))
  test('opens every source file with a comment', () => holds(src.flatMap(silentFile)))
})

/** A source at a path, as a rule gets it. */
const at = (path: string, text: string): Source => ({ path: `src/${path}`, text })

describe('The rule of arrows', () => {
  const refused: [from: string, code: string][] = [
    ['kademlia/id.ts', "import { encode } from '../codecs/bencode.ts'"],
    ['kademlia/id.ts', "import type { Store } from '../stores/store.ts'"],
    ['kademlia/id.ts', "import { createHash } from 'node:crypto'"],
    ['codecs/bencode.ts', "export { Id } from '../kademlia/id.ts'"],
    ['codecs/bencode.ts', "import { decode } from '@msgpack/msgpack'"],
    ['node/node.ts', "import { createSocket } from 'node:dgram'"],
    ['node/node.ts', "import { MemoryStore } from '../stores/memory-store.ts'"],
    ['stores/sqlite-store.ts', "import { idOf } from '../kademlia/id.ts'"],
    ['stores/sqlite-store.ts', "import { createSocket } from 'node:dgram'"],
    ['transports/udp-transport.ts', "import { Engine } from '../kademlia/engine.ts'"],
    ['networks/mainline/wire.ts', "import { Udp } from '../../transports/udp-transport.ts'"],
    ['networks/mainline/wire.ts', "import type { Udp } from '../../transports/udp-transport.ts'"],
    ['networks/mainline/wire.ts', "import { type Store } from '../../stores/store.ts'"],
    ['networks/mainline/wire.ts', "const { SqliteStore } = await import('../../stores/sqlite-store.ts')"],
    ['networks/mainline/wire.ts', "import 'node:dgram'"],
    ['networks/mainline/keys/key-pair.ts', "import { Point } from '@noble/ed25519'"],
    ['networks/mainline/keys/key-pair.ts', "import { open } from 'node:fs/promises'"],
    ['networks/mainline/keys/expanded-key.ts', "import { sha512 } from '@noble/hashes'"],
    ['networks/mainline/keys/expanded-key.ts', "import { open } from 'node:fs/promises'"],
    ['networks/key-file.ts', "import { Point } from '@noble/ed25519'"],
    ['networks/mainline/keys/key-file.ts', "import { open } from 'node:fs/promises'"],
    ['networks/key-file.ts', "import { createSocket } from 'node:dgram'"],
    ['simulator/clock.ts', "import type { Udp } from '../transports/udp-transport.ts'"],
    ['simulator/clock.ts', "export * from '../networks/mainline/open.ts'"],
    ['simulator/clock.ts', "import { setTimeout } from 'node:timers/promises'"],
    ['daemon/http.ts', "import { run } from '../cli/main.ts'"],
    ['daemon/http.ts', "import { Simulation } from '../simulator/simulation.ts'"],
    ['daemon/http.ts', 'const page = await import(name)\nimport x from "../../test/x.ts"'],
    ['kitchen/sink.ts', ''],
  ]
  for (const [from, code] of refused) {
    test(`refuses in ${from}: ${code.split('\n').at(-1)}`, () => {
      assert.match(forbiddenImports(at(from, code)).join('\n'), new RegExp(`^src/${from}:\\d+ `))
    })
  }

  const allowed: [from: string, code: string][] = [
    ['kademlia/id.ts', "import { xor } from './distance.ts'"],
    ['kademlia/id.ts', "// import fs from 'node:fs'\nconst s = \"import fs from 'node:fs'\""],
    [
      'node/node.ts',
      "import type { Store } from '../stores/store.ts'\nimport { Engine } from '../kademlia/engine.ts'",
    ],
    [
      'stores/sqlite-store.ts',
      "import { DatabaseSync } from 'node:sqlite'\nimport type { Id } from '../kademlia/id.ts'",
    ],
    [
      'transports/tls-transport.ts',
      "import { connect } from 'node:tls'\nimport type { T } from '../node/ports.ts'",
    ],
    ['networks/mainline/open.ts', "import { Udp } from '../../transports/udp-transport.ts'"],
    ['networks/mainline/wire.ts', "import { decode } from '../../codecs/bencode.ts'"],
    ['networks/mainline/keys/expanded-key.ts', "import { Point } from '@noble/ed25519'"],
    ['networks/key-file.ts', "import { dirname } from 'node:path'\nimport { open } from 'node:fs/promises'"],
    ['simulator/clock.ts', "import { MemoryStore } from '../stores/memory-store.ts'"],
    ['daemon/http.ts', "import { Mainline } from '../networks/mainline/open.ts'"],
    [
      'cli/main.ts',
      "import { Command } from 'commander'\nimport { Simulation } from '../simulator/simulation.ts'",
    ],
  ]
  for (const [from, code] of allowed) {
    test(`allows in ${from}: ${code.split('\n').at(-1)}`, () => holds(forbiddenImports(at(from, code))))
  }
})

describe('The scanner', () => {
  const specifiers = (code: string): string[] => importsOf(tokenize(code)).map((found) => found.specifier)

  test('finds every way to name a module', () => {
    const code = `import a from 'a'; import * as b from "b"\nimport {\n  c,\n  type C,\n} from 'c'\nimport 'd'
      export { e } from 'e'\nexport * from 'f'\nexport type { G } from 'g'\nconst h = import('h')`
    assert.deepEqual(specifiers(code), ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])
  })

  test('takes neither strings, comments, templates nor expressions for an import', () => {
    const code = `'import "a"'; /* import 'b' */ // import 'c'
      \`import 'd' \${call({ a: \`}\` })} import 'e'\`; const r = /import 'f'\\/"/g; const from = 'g'
      export const x = 'h'; export { x }\nconst y = 6 / 2 / 1; import.meta.url; a.import('i')`
    assert.deepEqual(specifiers(code), [])
  })

  test('sees the code inside a template', () => {
    assert.deepEqual(specifiers("const a = `${await import('a')} ${`${import('b')}`}`"), ['a', 'b'])
  })

  test('counts lines over comments, templates and strings', () => {
    const tokens = tokenize("/* 1\n2 */ `3\n${a}\n` // x\n'b'\nend")
    assert.equal(tokens.at(-1)?.line, 6)
  })

  test('knows types from values', () => {
    const kinds = importsOf(
      tokenize("import type { A } from 'a'\nimport { type B } from 'b'\nimport type from 'c'"),
    )
    assert.deepEqual(
      kinds.map((found) => found.typeOnly),
      [true, false, false],
    )
  })
})

describe('The ban of the running machine', () => {
  const words = 'setTimeout setInterval setImmediate queueMicrotask process performance Date crypto console'
  for (const word of [...words.split(' '), 'Promise', 'async', 'await', 'Math.random', 'globalThis']) {
    test(`finds ${word} in kademlia/, with its line`, () => {
      assert.deepEqual(bannedWords(at('kademlia/x.ts', `// one\nconst x = ${word}()`)), [
        `src/kademlia/x.ts:2 kademlia may not use ${word}`,
      ])
    })
  }

  test('lets comments, strings and members of the same name be', () => {
    holds(bannedWords(at('kademlia/x.ts', "// Date\nconst a = 'await' + b.process + c?.crypto // async")))
  })

  test('finds a real clock, timer or die in the simulator, and leaves the other rooms alone', () => {
    assert.equal(bannedWords(at('simulator/x.ts', 'Date.now(); setTimeout(f); Math.random()')).length, 3)
    holds(bannedWords(at('node/x.ts', 'Date.now()')))
  })
})

describe('The search for cycles', () => {
  const a = at('kademlia/a.ts', "import { b } from './b.ts'")
  const c = at('kademlia/c.ts', "\nexport { a } from './a.ts'")

  test('finds one over three modules, and names it once', () => {
    const b = at('kademlia/b.ts', "import { c } from './c.ts'")
    assert.deepEqual(importCycles([a, b, c]), [
      'src/kademlia/c.ts:2 closes a cycle: src/kademlia/a.ts → src/kademlia/b.ts → src/kademlia/c.ts → src/kademlia/a.ts',
    ])
  })

  test('counts neither types nor what is loaded on demand', () => {
    holds(importCycles([a, at('kademlia/b.ts', "import type { c } from './c.ts'"), c]))
    holds(importCycles([a, at('kademlia/b.ts', "const c = () => import('./c.ts')"), c]))
  })
})

describe('The other rules', () => {
  test('find a socket behind the simulator', () => {
    const sources = [
      at('simulator/a.ts', "import { b } from '../networks/b.ts'"),
      at('networks/b.ts', "import { open } from './mainline/open.ts'"),
    ]
    assert.deepEqual(realThingsBehindTheSimulator(sources), [
      'src/networks/b.ts:1 loads src/networks/mainline/open.ts into the simulator',
    ])
  })

  test('find a surface that computes or exports everything', () => {
    holds(
      surfaceThatIsMore(
        at('index.ts', "// x\nexport { a } from './a.ts'\nexport type { B } from './b.ts';\n"),
      ),
    )
    for (const code of ['export const a = 1', "export * from './a.ts'", "import './a.ts'", 'export { a }']) {
      assert.deepEqual(surfaceThatIsMore(at('index.ts', `\n${code}`)), [
        'src/index.ts:2 must only re-export names, one by one',
      ])
    }
  })

  test('find a file that is too long, silent, or without a name', () => {
    assert.equal(tooLong(at('a.ts', 'x\n'.repeat(400))).length, 0)
    assert.equal(tooLong(at('a.ts', 'x\n'.repeat(401))).length, 1)
    assert.deepEqual(silentFile(at('a.ts', 'export const a = 1')).length, 1)
    for (const path of ['utils/a.ts', 'a/helpers.ts', 'common/b.ts', 'kademlia/types.ts']) {
      assert.equal(namelessThings(at(path, '')).length, 1, path)
    }
    for (const name of ['PeerManager', 'LookupService', 'IdHelper', 'StoreImpl']) {
      assert.equal(namelessThings(at('a.ts', `\nexport class ${name}<T> {}`))[0]?.slice(0, 10), 'src/a.ts:2')
    }
  })

  test('of the linter find a function of more than 60 lines in src/', () => {
    const folder = mkdtempSync(join(tmpdir(), 'xorbit-lint-'))
    try {
      mkdirSync(join(folder, 'src'))
      copyFileSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'))
      const body = (lines: number): string => `export function f() {\n${'  g()\n'.repeat(lines - 2)}}\n`
      writeFileSync(join(folder, 'src/long.ts'), `const g = () => {}\n${body(61)}`)
      writeFileSync(join(folder, 'src/short.ts'), `const g = () => {}\n${body(60)}`)
      const oxlint = join(root, 'node_modules/oxlint/bin/oxlint')
      const { stdout } = spawnSync(process.execPath, [oxlint, '--format=unix'], {
        cwd: folder,
        encoding: 'utf8',
      })
      assert.match(stdout, /src\/long\.ts:2:.*max-lines-per-function/)
      assert.doesNotMatch(stdout, /short\.ts/)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
