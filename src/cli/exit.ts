// How the process ends when its command is done: as soon as what was printed has left, whatever still hangs.
// Not here: what ends a command before it is done (ending.ts).

/**
 * Exits as soon as what was printed has left. Nothing of ours is open then, but a name server that does not answer
 * would hold the process for many seconds more.
 */
export async function exitWith(code: number): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map(flushed))
  exitNow(code)
}

/** Exits, whatever was printed and hangs. */
export function exitNow(code: number): never {
  if (unlisted > 0 || process.getActiveResourcesInfo().some((kind) => POOLED.test(kind))) leave(code)
  process.exit(code)
}

/** How much runs in the thread pool that Node does not list. */
let unlisted = 0

/** Work such as making a key, of which Node tells nobody that it is under way, and which may take minutes. */
export async function inThreadPool<T>(work: Promise<T>): Promise<T> {
  unlisted++
  try {
    return await work
  } finally {
    unlisted--
  }
}

/** What runs in the thread pool of libuv: resolving names, and files. */
const POOLED = /^(?:GetAddrInfoReq|GetNameInfoReq|FSReq)/

/**
 * process.exit() waits for every call of the thread pool, and a call that hangs in the system cannot be taken back.
 * Another program in our place has none. Windows has nothing like it, and there it waits.
 */
function leave(code: number): void {
  // Node has it since 22.15, but not on Windows, where it throws.
  const { execve } = process as { execve?: (file: string, words: string[]) => void }
  if (process.platform === 'win32' || execve === undefined) return
  try {
    execve.call(process, '/bin/sh', ['sh', '-c', `exit ${code}`])
  } catch {
    // Then it takes longer.
  }
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.once('error', () => resolve())
    stream.write('', () => resolve())
  })
}
