// The rules of the house: which room may import which, what the algorithm must not touch, what files look like.
// Each rule takes sources and gives sentences of the form "file:line what is wrong"; none reads the disk.
import { posix } from 'node:path'
import { importsOf, linesThatAreNoReExport, tokenize, type Import } from './scan.ts'

export interface Source {
  /** From the root of the repository, with slashes: `src/kademlia/id.ts`. */
  path: string
  text: string
}

interface Room {
  /** Rooms (or single files) from which values may be imported, besides the room itself. */
  values: readonly string[]
  /** Rooms from which `import type` alone is allowed. */
  types?: readonly string[]
  /** Modules of Node without `node:`, or all of them. */
  builtins?: readonly string[] | 'any'
  /** May it use packages from npm: any, or which? */
  packages?: boolean | readonly string[]
}

/** Everything without sockets, files or timers: what a network may use and a browser can be given. */
const PURE_BUILTINS = ['buffer', 'crypto', 'events', 'util']

const BELOW_NETWORKS = ['kademlia', 'codecs', 'node']

const NETWORKS: Room = { values: BELOW_NETWORKS, types: ['stores'], builtins: PURE_BUILTINS }

/** Single files that may do what their room may not. */
const EXCEPTIONS: Readonly<Record<string, Room>> = {
  'networks/mainline/keys/expanded-key.ts': { ...NETWORKS, packages: ['@noble/ed25519'] },
  'networks/key-file.ts': { ...NETWORKS, builtins: [...PURE_BUILTINS, 'fs', 'path'] },
}

const ROOMS: Readonly<Record<string, Room>> = {
  kademlia: { values: [] },
  codecs: { values: [] },
  node: {
    values: ['kademlia', 'codecs'],
    types: ['stores'],
    builtins: [...PURE_BUILTINS, 'timers', 'perf_hooks', 'stream', 'async_hooks'],
  },
  stores: { values: [], types: ['kademlia'], builtins: ['sqlite', 'fs', 'path'] },
  transports: { values: [], types: ['kademlia', 'node'], builtins: 'any', packages: true },
  networks: NETWORKS,
  'networks/*/open.ts': {
    values: [...BELOW_NETWORKS, 'networks', 'stores', 'transports'],
    builtins: 'any',
    packages: true,
  },
  simulator: {
    values: ['networks', ...BELOW_NETWORKS, 'stores/memory-store.ts'],
    types: ['stores'],
    builtins: PURE_BUILTINS,
  },
  daemon: {
    values: ['networks', ...BELOW_NETWORKS],
    types: ['stores', 'transports'],
    builtins: 'any',
    packages: true,
  },
}

const OPEN_FILE = /^networks\/(?:[^/]+\/)?open\.ts$/

/** The path below src/, or undefined when the path is elsewhere. */
const inSrc = (path: string): string | undefined => (path.startsWith('src/') ? path.slice(4) : undefined)

/** The room of a path below src/; a file directly in src/ is its own room. */
const roomOf = (path: string): string => path.split('/')[0] ?? path

function resolve(from: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(from), specifier))
}

function covers(allowed: readonly string[], path: string): boolean {
  return allowed.some((entry) => path === entry || path.startsWith(`${entry}/`))
}

function refusal(room: Room, own: string, from: Source, found: Import): string | undefined {
  const { specifier } = found
  if (specifier.startsWith('node:')) {
    const builtin = specifier.slice(5).split('/')[0] ?? ''
    const isAllowed = room.builtins === 'any' || room.builtins?.includes(builtin) === true
    return isAllowed ? undefined : `${own} may not import ${specifier}`
  }
  if (!specifier.startsWith('.')) {
    const { packages = false } = room
    const isAllowed = packages === true || (packages !== false && packages.includes(specifier))
    return isAllowed ? undefined : `${own} may not import the package ${specifier}`
  }
  const target = inSrc(resolve(from.path, specifier))
  if (target === undefined) return `${own} may not import ${specifier}, which is outside src/`
  const opensNetwork = OPEN_FILE.test(target)
  if (own === 'simulator' && opensNetwork)
    return `simulator may not import ${target}, which opens real sockets`
  if (roomOf(target) === own || covers(room.values, target)) return undefined
  if (!covers(room.types ?? [], target)) return `${own} may not import ${target}`
  return found.typeOnly ? undefined : `${own} may import only types from ${target}: write import type`
}

/** Arrows between rooms point one way. */
export function forbiddenImports(source: Source): string[] {
  const path = inSrc(source.path)
  if (path === undefined || !path.includes('/')) return []
  const own = roomOf(path)
  if (own === 'cli') return []
  const room = EXCEPTIONS[path] ?? (OPEN_FILE.test(path) ? ROOMS['networks/*/open.ts'] : ROOMS[own])
  if (room === undefined) return [`${source.path}:1 ${own} is no room of the house`]
  return importsOf(tokenize(source.text)).flatMap((found) => {
    const reason = refusal(room, own, source, found)
    return reason === undefined ? [] : [`${source.path}:${found.line} ${reason}`]
  })
}

/** What would make the algorithm wait, read a clock, roll dice or reach outside. */
const BANNED_IN_KADEMLIA = new Set(
  (
    'setTimeout setInterval setImmediate queueMicrotask process performance Date crypto console ' +
    'Promise async await globalThis require fetch'
  ).split(' '),
)

/** What would make two runs of the simulator with one seed differ. */
const BANNED_IN_SIMULATOR = new Set(
  (
    'setTimeout setInterval setImmediate performance Date getRandomValues randomUUID randomBytes randomInt ' +
    'randomFillSync'
  ).split(' '),
)

/** Words of the running machine in code that must be reproducible; comments and strings may say anything. */
export function bannedWords(source: Source): string[] {
  const path = inSrc(source.path)
  const room = path === undefined ? undefined : roomOf(path)
  if (room !== 'kademlia' && room !== 'simulator') return []
  const banned = room === 'kademlia' ? BANNED_IN_KADEMLIA : BANNED_IN_SIMULATOR
  const tokens = tokenize(source.text)
  return tokens.flatMap((token, index) => {
    if (token.kind !== 'word') return []
    const next = tokens[index + 1]
    const isMember = tokens[index - 1]?.text === '.'
    const isMath = token.text === 'random' && isMember && tokens[index - 2]?.text === 'Math'
    const isLazy = room === 'kademlia' && token.text === 'import' && next?.text === '('
    const word = isMath ? 'Math.random' : isLazy ? 'import()' : token.text
    const isBanned = isMath || isLazy || (banned.has(token.text) && !isMember)
    return isBanned ? [`${source.path}:${token.line} ${room} may not use ${word}`] : []
  })
}

/** The modules that are loaded with a source: neither types, which are erased, nor `import()`, which waits. */
function loadedBy(source: Source): { target: string; line: number }[] {
  return importsOf(tokenize(source.text))
    .filter((found) => found.specifier.startsWith('.') && !found.typeOnly && !found.lazy)
    .map((found) => ({ target: resolve(source.path, found.specifier), line: found.line }))
}

/**
 * Modules that load each other. Type imports do not count, for they are erased; `import()` does not, for it runs
 * when both are loaded. Each cycle is told once.
 */
export function importCycles(sources: readonly Source[]): string[] {
  const edges = new Map(sources.map((source) => [source.path, loadedBy(source)]))
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (done.has(path)) return
    for (const { target, line } of edges.get(path) ?? []) {
      const start = [...trail, path].indexOf(target)
      if (start < 0) visit(target, [...trail, path])
      else
        cycles.push(
          `${path}:${line} closes a cycle: ${[...trail, path].slice(start).join(' → ')} → ${target}`,
        )
    }
    done.add(path)
  }
  for (const { path } of sources) visit(path, [])
  return cycles
}

const isReal = (path: string): boolean =>
  path.startsWith('src/transports/') || path === 'src/stores/sqlite-store.ts' || path.endsWith('/open.ts')

/** Sockets or SQLite that would be loaded with the simulator, over however many modules. */
export function realThingsBehindTheSimulator(sources: readonly Source[]): string[] {
  const edges = new Map(sources.map((source) => [source.path, loadedBy(source)]))
  const seen = new Set<string>()
  const found: string[] = []
  const visit = (path: string): void => {
    if (seen.has(path)) return
    seen.add(path)
    for (const { target, line } of edges.get(path) ?? []) {
      if (isReal(target)) found.push(`${path}:${line} loads ${target} into the simulator`)
      else visit(target)
    }
  }
  for (const { path } of sources) if (path.startsWith('src/simulator/')) visit(path)
  return found
}

/** The public surface lists names, it computes nothing. */
export function surfaceThatIsMore(source: Source): string[] {
  if (inSrc(source.path)?.includes('/') !== false) return []
  return linesThatAreNoReExport(tokenize(source.text)).map(
    (line) => `${source.path}:${line} must only re-export names, one by one`,
  )
}

/** A file is read in one sitting. The same bound stands in .oxlintrc.json. */
export const MAX_LINES_OF_A_FILE = 400

export function tooLong(source: Source): string[] {
  const lines = source.text.replace(/\n$/, '').split('\n').length
  return lines > MAX_LINES_OF_A_FILE
    ? [`${source.path}:${lines} has ${lines} lines, ${MAX_LINES_OF_A_FILE} is the most`]
    : []
}

const NAMELESS = /^(?:utils?|helpers?|commons?|misc|shared)(?:\.[cm]?[jt]s)?$|^types\.[cm]?ts$/

/** Names that say nothing of what is inside. */
export function namelessThings(source: Source): string[] {
  const folders = source.path.split('/').filter((part) => NAMELESS.test(part))
  const paths = folders.map((part) => `${source.path}:1 "${part}" says nothing of what is inside`)
  const tokens = tokenize(source.text)
  const classes = tokens.flatMap((token, index) => {
    const isNamed = tokens[index - 1]?.text === 'class' && /(?:Manager|Service|Helper|Impl)$/.test(token.text)
    return isNamed ? [`${source.path}:${token.line} class ${token.text} needs a noun of the field`] : []
  })
  return [...paths, ...classes]
}

/** The first lines of a file say what it is for. */
export function silentFile(source: Source): string[] {
  return /^\s*\/[/*]/.test(source.text)
    ? []
    : [`${source.path}:1 does not open with a comment that says what it is`]
}
