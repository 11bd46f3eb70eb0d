// Runs node:test over test/**/*.test.ts. Words after `npm run test:unit --` that are no options choose the
// files whose path contains one of them. The suites under test/long/ run only when a word names them.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { sep } from 'node:path'

const args = process.argv.slice(2)
const options = args.filter((arg) => arg.startsWith('-'))
const words = args.filter((arg) => !arg.startsWith('-')).map((word) => word.replace(/^\.\//, ''))

const all = globSync('test/**/*.test.ts')
  .map((file) => file.split(sep).join('/'))
  .toSorted()
const files =
  words.length === 0
    ? all.filter((file) => !file.startsWith('test/long/'))
    : all.filter((file) => words.some((word) => file.includes(word)))

if (files.length === 0) {
  process.stderr.write(`No test file${words.length > 0 ? ` matches ${words.join(', ')}` : ' found'}.\n`)
  process.exit(1)
}

// The timeout is no measurement, it only ends a suite that hangs. Long suites set their own.
const timeoutMs = words.some((word) => word.includes('long')) ? 3_600_000 : 300_000
const child = spawnSync(
  process.execPath,
  [
    '--test',
    '--test-reporter=spec',
    '--test-concurrency=2',
    `--test-timeout=${timeoutMs}`,
    ...options,
    ...files,
  ],
  { stdio: 'inherit' },
)
process.exit(child.status ?? 1)
