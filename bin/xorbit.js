#!/usr/bin/env node
// The launcher: runs the command on a Node that can, and says so in one line where there is none.
// Plain JavaScript for Node 18 and newer. In a checkout it runs the sources, when installed dist/.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

// Set for the Node that we start ourselves; it then holds a channel to us.
const LAUNCHED = 'XORBIT_LAUNCHED'

function isRecentEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 18)
}

/** The sources where they can be run (Node strips no types below node_modules), else what was built. */
function entryPoint() {
  const inNodeModules = root.split(/[\\/]/).includes('node_modules')
  if (!inNodeModules && process.features.typescript && existsSync(join(root, 'src/cli/main.ts'))) {
    return '../src/cli/main.ts'
  }
  return existsSync(join(root, 'dist/cli/main.js')) ? '../dist/cli/main.js' : undefined
}

/** The Node that `npm ci` brings in a checkout as a platform package. */
function findBundledNode() {
  const require = createRequire(import.meta.url)
  const os = process.platform === 'win32' ? 'win' : process.platform
  for (const name of [`node-${os}-${process.arch}`, `node-bin-${os}-${process.arch}`]) {
    try {
      const manifest = require.resolve(`${name}/package.json`)
      const { bin } = JSON.parse(readFileSync(manifest, 'utf8'))
      const file = join(dirname(manifest), typeof bin === 'string' ? bin : bin.node)
      if (existsSync(file)) return file
    } catch {
      // not this one
    }
  }
  return undefined
}

function fail(message) {
  process.stderr.write(`xorbit: ${message}\n`)
  process.exitCode = 2
}

/** A node must not outlive its launcher: whoever kills the one means the other, also with SIGKILL. */
function dieWithLauncher() {
  if (process.env[LAUNCHED] === undefined || process.channel === undefined) return
  delete process.env[LAUNCHED]
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.channel.unref()
}

function runWith(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [LAUNCHED]: '1' },
  })
  // A terminal sends Ctrl-C to both of us; sent on, it would be a second one for the child.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => fail(`cannot run ${node}: ${error.message}`))
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code
      return
    }
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

if (isRecentEnough(process.versions.node)) {
  dieWithLauncher()
  const entry = entryPoint()
  if (entry === undefined) fail('nothing to run: build the checkout first (npm ci && npm run build)')
  else await import(entry)
} else {
  const node = findBundledNode()
  if (node === undefined) fail(`Node 22.18 or newer is needed, this is ${process.version}`)
  else runWith(node)
}
