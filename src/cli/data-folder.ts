// Where a user's data lies on each system: the stores of nodes that were given no --store, and the key pair.
import { homedir } from 'node:os'
import { posix, win32 } from 'node:path'

export interface Surroundings {
  readonly platform: NodeJS.Platform
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
}

/** The folder of xorbit's data. An absolute XDG_DATA_HOME is obeyed everywhere (XDG Base Directory Specification). */
export function dataFolder({ platform, env, home }: Surroundings = here()): string {
  const xdg = env['XDG_DATA_HOME'] ?? ''
  if (platform === 'win32') {
    if (win32.isAbsolute(xdg)) return win32.join(xdg, 'xorbit')
    return win32.join(env['LOCALAPPDATA'] || win32.join(home, 'AppData', 'Local'), 'xorbit')
  }
  if (posix.isAbsolute(xdg)) return posix.join(xdg, 'xorbit')
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support', 'xorbit')
  return posix.join(home, '.local', 'share', 'xorbit')
}

/**
 * The file of a network's node. A private network has a file of its own: a node that found public contacts in its
 * table would ask them about it, and the public network would get an id and contacts that fit nothing there.
 */
export function defaultStore(network: string, isPrivate: boolean, surroundings?: Surroundings): string {
  return inFolder(isPrivate ? `${network}-private.sqlite` : `${network}.sqlite`, surroundings)
}

/** The file of the key pair that values are published with. */
export function defaultKeyFile(surroundings?: Surroundings): string {
  return inFolder('key.pem', surroundings)
}

/** The same on drogulus, which has keys of another kind. */
export function defaultRsaKeyFile(surroundings?: Surroundings): string {
  return inFolder('rsa-key.pem', surroundings)
}

function inFolder(name: string, surroundings: Surroundings | undefined): string {
  const folder = dataFolder(surroundings)
  const { join } = folder.includes('\\') ? win32 : posix
  return join(folder, name)
}

function here(): Surroundings {
  return { platform: process.platform, env: process.env, home: homedir() }
}
