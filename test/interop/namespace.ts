// A network namespace of Linux with public-range addresses on its own loopback, cut off from everything: nothing sent in
// there can leave. It lives as long as one process in it, which ends when its stdin closes, so nothing is left behind.
import { spawn, spawnSync } from 'node:child_process'

/** What a process inside is started with, and how the namespace ends. */
export interface Namespace extends AsyncDisposable {
  /** Words to put before a command that is to run inside. */
  readonly within: readonly string[]
}

/** Why there are no namespaces here, for `skip`; false when there are. */
export function withoutNamespaces(): string | false {
  if (process.platform !== 'linux') return 'network namespaces exist on Linux only'
  if (process.getuid?.() !== 0) return 'making a network namespace needs root'
  const tried = spawnSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up'], { encoding: 'utf8' })
  if (tried.status === 0) return false
  const said = tried.stderr?.trim() || String(tried.error ?? '')
  return `no network namespace can be made here (apt-get install -y iproute2 util-linux; then: ${said})`
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
    const configure = (...words: readonly string[]): void => {
      const [file, ...args] = [...within, 'ip', ...words]
      const done = spawnSync(file!, args, { encoding: 'utf8' })
      if (done.status !== 0) throw new Error(`ip ${words.join(' ')}: ${done.stderr || String(done.error)}`)
    }
    configure('link', 'set', 'lo', 'up')
    for (const host of hosts) {
      if (host.includes(':')) configure('addr', 'add', `${host}/128`, 'dev', 'lo', 'nodad')
      else configure('addr', 'add', `${host}/32`, 'dev', 'lo')
    }
    return { within, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}
