// The command that one may run next, ready to be pasted into a shell: in the same network, through the same nodes.
import type { NodeFlags } from './arguments.ts'
import { printable } from './printable.ts'

/** 'npx xorbit resolve 5f… status --bootstrap 127.0.0.1:6881'. `more` are options besides those of the network. */
export function followUp(
  [command, ...given]: readonly [string, ...string[]],
  flags: Partial<NodeFlags> = {},
  more: readonly string[] = [],
): string {
  const options = [
    ...more,
    ...(flags.network === 'drogulus' ? ['--network', flags.network] : []),
    ...(flags.tls === false ? ['--no-tls'] : []),
    ...(flags.revision === undefined ? [] : ['--revision', flags.revision]),
    ...(flags.host ?? []).flatMap((host) => ['--host', host]),
    ...(flags.bootstrap ?? []).flatMap((node) => ['--bootstrap', node]),
    ...(flags.private === true ? ['--private'] : []),
  ]
  // What begins with a dash would be taken for an option.
  const dashed = given.some((word) => word.startsWith('-'))
  const words = dashed ? [command, ...options, '--', ...given] : [command, ...given, ...options]
  return printable(['npx xorbit', ...words.map(quoted)].join(' '))
}

/** A word as a POSIX shell reads it. */
function quoted(word: string, index: number): string {
  if (index === 0 || /^[\w.,:/@%+=-]+$/.test(word)) return word
  return `'${word.replaceAll("'", "'\\''")}'`
}
