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
  const { exitWith } = await import('./exit.ts')
  await exitWith(await runProgram(words, version))
}
