// Says what to do when npm scripts would run on a Node that is too old. Plain JavaScript, so that an old Node
// can still read it. Normally the workspace tools/runtime has put Node 26 first on the PATH.
const wanted = 26
const major = Number(process.versions.node.split('.')[0])

if (major < wanted) {
  process.stderr.write(
    `xorbit: npm scripts need Node ${wanted}, this is ${process.version} on ${process.platform}-${process.arch}.\n` +
      'Run `npm ci` without --omit=optional: it brings Node as a package (Linux x64 and arm64, macOS, Windows x64).\n' +
      `On another platform install Node ${wanted} or newer yourself and put it first on the PATH.\n`,
  )
  process.exit(1)
}
