// Who takes part: the files that serve and the files that make a network, with the names of the table's rows.
import { existsSync, readFileSync } from 'node:fs'
import type { Dialect } from './workloads.ts'

export interface Contestant {
  readonly name: string
  readonly server: string
  /** What it speaks; null: whatever it is taught, for it only echoes. */
  readonly dialect: Dialect | null
  /** null: it is no DHT, so that it has no network. */
  readonly network: string | null
  readonly words: string[]
}

export const ECHO = 'bare node:dgram echo'
export const XORBIT = 'xorbit'

const dhtPackage = {
  server: 'servers/bittorrent-dht.ts',
  dialect: 'mainline',
  network: 'networks/bittorrent-dht.ts',
} as const

const ALL: readonly Contestant[] = [
  { name: ECHO, server: 'servers/echo.ts', dialect: null, network: null, words: [] },
  {
    name: XORBIT,
    server: 'servers/xorbit.ts',
    dialect: 'mainline',
    network: 'networks/xorbit.ts',
    words: [],
  },
  { name: XORBIT, server: 'servers/khashmir.ts', dialect: 'khashmir', network: null, words: [] },
  { name: 'bittorrent-dht, limited to 8', ...dhtPackage, words: ['limited'] },
  { name: 'bittorrent-dht as shipped', ...dhtPackage, words: [] },
]

/** Those that are there. */
export function contestants(): readonly Contestant[] {
  const built = existsSync(new URL('../src/index.ts', import.meta.url))
  return ALL.filter(({ name }) => name !== XORBIT || built)
}

/** The version of a package of ours; package.json names exact ones. */
export function versionOf(name: string): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const { devDependencies } = JSON.parse(text) as { devDependencies: Record<string, string> }
  return devDependencies[name] ?? 'unknown'
}
