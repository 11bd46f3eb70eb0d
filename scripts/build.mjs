// Compiles src/ to dist/: JavaScript and declarations, imports rewritten from .ts to .js.
// The target folder may be given, so that a check can build beside a dist/ that somebody uses.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const outDir = process.argv[2] ?? 'dist'
const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))

rmSync(resolve(root, outDir), { recursive: true, force: true })
const child = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', outDir], {
  cwd: root,
  stdio: 'inherit',
})
process.exit(child.status ?? 1)
