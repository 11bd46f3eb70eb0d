// The command `xorbit`: reads the command line, runs one command, says in one line what failed, and exits with its code.
// Not here: what the commands are (program.ts) and what they do (one file each, loaded only when it is run).
import { readFileSync } from 'node:fs'

/** Stands at the same place beside src/ and dist/. */
const MANIFEST = new URL('../../package.json', import.meta.url)

const version = (JSON.parse(readFileSync(MANIFEST, 'utf8')) as { version: string }).version
const words = process.argv.slice(2)

if (words[0] === '--version' || words[0] === '-V') process.stdout.write(`${version}\n`)
else {
  const { runProgram } = await import('./program.ts')
  await exitWith(await runProgram(words, version))
}

/**
 * Exits as soon as what was printed has left. Nothing of ours is open then, but a name server that does not answer
 * would hold the process for many seconds more.
 */
async function exitWith(code: number): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map(flushed))
  process.exit(code)
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.once('error', () => resolve())
    stream.write('', () => resolve())
  })
}
