// What a user installs: built from the sources into a folder of its own, packed, checked, imported and launched.
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import manifest from '../package.json' with { type: 'json' }

const root = fileURLToPath(new URL('..', import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'xorbit-package-'))
after(() => rmSync(work, { recursive: true, force: true }))

const hasIndex = existsSync(join(root, 'src/index.ts'))
const hasCommand = existsSync(join(root, 'src/cli/main.ts'))

/** npm as a user runs it, not as a child of `npm test`. */
const plainEnv = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')))

/** What the README links to, and so comes along. */
const PAPERS = [
  'LICENSE',
  'README.md',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'docs',
  'examples',
]

/** A folder with the launcher, the manifest and the papers, and what else is given as path and text. */
function makePackage(name: string, files: Record<string, string> = {}): string {
  const folder = join(work, name)
  for (const entry of ['bin', 'package.json', ...PAPERS]) {
    if (existsSync(join(root, entry))) cpSync(join(root, entry), join(folder, entry), { recursive: true })
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

/** What npm would put into the package of this folder. */
function pathsPacked(folder: string): string[] {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const told = execFileSync('npm', args, { cwd: folder, encoding: 'utf8', env: plainEnv, stdio: 'pipe' })
  const { files } = (JSON.parse(told) as { files: { path: string }[] }[])[0] ?? { files: [] }
  return files.map((file) => file.path)
}

const linkModules = (folder: string): void =>
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')

const NOT_FOR_LIBRARY =
  /^(?:node:(?:sqlite|https?|http2)|(?:commander|hono|@hono\/.*|zod|prom-client|pino|smol-toml)(?:\/.*)?)$/

describe('The package', () => {
  const decoys = { 'test/a.test.ts': '', 'tools/a/package.json': '{}', 'src/a.ts': '', 'bench/main.ts': '' }
  const folder = makePackage('package', decoys)
  linkModules(folder)
  let packed: readonly string[] = []
  before(() => {
    const args = [join(root, 'scripts/build.mjs'), join(folder, 'dist')]
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    assert.equal(status, 0, stdout)
    packed = pathsPacked(folder)
  })

  test('holds what runs, its declarations, its papers and its licence, and nothing of the workshop', () => {
    for (const path of ['package.json', 'LICENSE', 'bin/xorbit.js']) assert.ok(packed.includes(path), path)
    if (hasIndex)
      for (const path of ['dist/index.js', 'dist/index.d.ts']) assert.ok(packed.includes(path), path)
    const strangers = packed.filter(
      (path) => !/^(?:bin|dist|docs|examples)\/|^(?:package\.json|LICENSE|[A-Z]+\.md)$/.test(path),
    )
    assert.deepEqual(strangers, [])
  })

  test('holds everything that its README links to', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8')
    const links = [...readme.matchAll(/\]\((?!\w+:)([^)#]+)/g)].map(([, path]) => path!.replace(/\/$/, ''))
    assert.ok(links.includes('docs/commands.md'), 'it has links')
    const missing = links.filter(
      (link) => !packed.some((path) => path === link || path.startsWith(`${link}/`)),
    )
    assert.deepEqual(missing, [])
  })

  test('passes publint', { skip: !hasIndex }, async () => {
    const { messages, pkg } = await publint({ pkgDir: folder, pack: false, strict: true, level: 'warning' })
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg)),
      [],
    )
  })

  test(
    'imports without SQLite, an HTTP server or what only the command and the daemon need',
    { skip: !hasIndex },
    () => {
      const index = pathToFileURL(join(folder, 'dist/index.js')).href
      const code = `import { registerHooks } from 'node:module'
      const asked = []
      registerHooks({ resolve: (name, context, next) => (asked.push(name), next(name, context)) })
      await import(${JSON.stringify(index)})
      const builtins = process.moduleLoadList.map((name) => name.replace('NativeModule ', 'node:'))
      console.log(JSON.stringify([...asked, ...builtins]))`
      const args = ['--input-type=module', '--eval', code]
      const loaded = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as string[]
      assert.deepEqual(
        loaded.filter((name) => NOT_FOR_LIBRARY.test(name)),
        [],
      )
    },
  )

  test('says its version when the command is asked', { skip: !hasCommand }, () => {
    const run = (launcher: string): string =>
      execFileSync(process.execPath, [launcher, '--version'], { encoding: 'utf8' }).trim()
    assert.equal(run(join(folder, 'bin/xorbit.js')), manifest.version, 'built')
    assert.equal(run(join(root, 'bin/xorbit.js')), manifest.version, 'from the sources')
  })
})

describe('The launcher on a Node that is too old', () => {
  // The launcher asks process.versions; the Node that it starts is not told this story.
  const story = "Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.1.0'}})"
  const asOldNode = ['--import', `data:text/javascript,${story}`]

  test('says so in one line and exits with 2 where no other Node is found', () => {
    const launcher = join(makePackage('alone'), 'bin/xorbit.js')
    const { status, stdout, stderr } = spawnSync(process.execPath, [...asOldNode, launcher], {
      encoding: 'utf8',
    })
    assert.equal(status, 2)
    assert.equal(stdout, '')
    assert.match(stderr, /^xorbit: Node 22\.18 or newer is needed[^\n]*\n$/)
  })

  const main = `process.on('SIGTERM', () => process.exit(7))
    setInterval(() => {}, 1000)
    console.log(JSON.stringify(process.argv.slice(2)))`

  // Windows has no signals to pass on.
  const skip = process.platform === 'win32'
  test('runs the bundled one with the same arguments, signals and exit code', { skip }, async () => {
    const folder = makePackage('bundled', { 'dist/cli/main.js': main })
    linkModules(folder)
    const args = [...asOldNode, join(folder, 'bin/xorbit.js'), 'ping', 'a b', '']
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    assert.deepEqual(JSON.parse(line.toString()), ['ping', 'a b', ''])
    child.kill('SIGTERM')
    assert.deepEqual(await once(child, 'exit'), [7, null])
  })

  test('takes the bundled one down with it when it is killed', { skip }, async () => {
    const folder = makePackage('killed', { 'dist/cli/main.js': main })
    linkModules(folder)
    const args = [...asOldNode, join(folder, 'bin/xorbit.js')]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    // the pipe ends when the last process that holds it is gone
    child.stdout.resume()
    await once(child.stdout, 'end')
  })
})
