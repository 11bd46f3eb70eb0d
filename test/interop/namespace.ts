// A network namespace of Linux with public-range addresses on its own loopback, cut off from everything: nothing sent in
// there can leave. It lives as long as one process in it, which ends when its stdin closes, so nothing is left behind.
// Two of them may be joined by a cable (a veth pair), which is gone with either of them.
import { spawn, spawnSync } from 'node:child_process'

/** What a process inside is started with, and how the namespace ends. */
export interface Namespace extends AsyncDisposable {
  /** Words to put before a command that is to run inside. */
  readonly within: readonly string[]
  /** Of the process that holds it. */
  readonly pid: number
}

/** Why there are no namespaces here, for `skip`; false when there are. */
export function withoutNamespaces(): string | false {
  if (process.platform !== 'linux') return 'network namespaces exist on Linux only'
  if (process.getuid?.() !== 0) return 'making a network namespace needs root'
  const said = failureOf(['link', 'set', 'lo', 'up'])
  if (said === null) return false
  return `no network namespace can be made here (apt-get install -y iproute2 util-linux; then: ${said})`
}

/** Why two namespaces cannot be joined here, for `skip`; false when they can. */
export function withoutCables(): string | false {
  const why = withoutNamespaces()
  if (why !== false) return why
  const said = failureOf(['link', 'add', 'one', 'type', 'veth', 'peer', 'name', 'other'])
  return said === null ? false : `this kernel has no pairs of virtual interfaces (veth): ${said}`
}

/** What `ip` says in a namespace of its own; null when it does it. */
function failureOf(words: readonly string[]): string | null {
  const tried = spawnSync('unshare', ['--net', 'ip', ...words], { encoding: 'utf8' })
  return tried.status === 0 ? null : tried.stderr?.trim() || String(tried.error ?? '')
}

/** A new namespace whose loopback has these addresses beside 127.0.0.1 and ::1. */
export async function openNamespace(hosts: readonly string[]): Promise<Namespace> {
  const holder = spawn('unshare', ['--net', 'sh', '-c', 'echo ready && exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const kill = (): void => void holder.kill('SIGKILL')
  process.once('exit', kill)
  const ended = new Promise<void>((resolve) => {
    holder.once('error', () => resolve())
    holder.once('close', () => resolve())
  })
  const close = async (): Promise<void> => {
    kill()
    await ended
    process.off('exit', kill)
  }
  try {
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => resolve())
      void ended.then(() => reject(new Error('the namespace ended before it was there')))
    })
    const within = ['nsenter', `--net=/proc/${holder.pid}/ns/net`, '--']
    ip(within, 'link', 'set', 'lo', 'up')
    for (const host of hosts) {
      if (host.includes(':')) ip(within, 'addr', 'add', `${host}/128`, 'dev', 'lo', 'nodad')
      else ip(within, 'addr', 'add', `${host}/32`, 'dev', 'lo')
    }
    return { within, pid: holder.pid!, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Joins a namespace to one in the middle: there `cable` leads to `host` (IPv4), here everything else lies behind it. */
export function join(
  here: Namespace,
  middle: Namespace,
  { host, cable }: { host: string; cable: string },
): void {
  const out = 'out'
  ip(here.within, 'link', 'add', out, 'type', 'veth', 'peer', 'name', cable, 'netns', String(middle.pid))
  ip(here.within, 'addr', 'add', `${host}/32`, 'dev', out)
  ip(here.within, 'link', 'set', out, 'up')
  ip(here.within, 'route', 'add', 'default', 'dev', out)
  ip(middle.within, 'link', 'set', cable, 'up')
  ip(middle.within, 'route', 'add', `${host}/32`, 'dev', cable)
}

/**
 * Lets programs in there listen on these IPv4 hosts for whatever comes by any cable. As addresses of an interface they
 * would not do: libtorrent listens to that interface alone, and to the loopback it is a network without a way out.
 */
export function answerTo(hosts: readonly string[], { within }: Namespace): void {
  for (const host of hosts) ip(within, 'route', 'add', 'local', `${host}/32`, 'dev', 'lo')
}

function ip(within: readonly string[], ...words: readonly string[]): void {
  const [file, ...args] = [...within, 'ip', ...words]
  const done = spawnSync(file!, args, { encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`ip ${words.join(' ')}: ${done.stderr || String(done.error)}`)
}
