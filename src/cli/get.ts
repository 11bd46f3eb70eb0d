// `xorbit get KEY`: finds an item (BEP 44) by its key, and prints it, or writes its bytes into a file.
// Not here: signed values of drogulus (find-value.ts).
import { readIdOf, readName } from './arguments.ts'
import { Failure, FOUND } from './failure.ts'
import { checkDestination, deliver, type DestinationFlags } from './item-output.ts'
import { MAINLINE } from './networks.ts'
import type { Call } from './program.ts'
import { withProgress } from './progress.ts'
import { foundItem } from './shown-item.ts'
import { withJoinedNode, type AskingFlags } from './short-lived-node.ts'

export interface GetFlags extends AskingFlags, DestinationFlags {
  readonly name?: string
}

/** Throws Failure when nobody has it. */
export async function get([key = '']: readonly string[], call: Call<GetFlags>): Promise<number> {
  const { flags, output } = call
  const target = readIdOf(MAINLINE, 'KEY', key)
  const name = readName('--name', flags.name ?? '')
  await checkDestination(flags)
  return withJoinedNode(MAINLINE, call, async ({ node, ending }) => {
    const finding = node.get(target, { name, signal: ending.signal })
    const item = await withProgress(output, 'searching', finding)
    if (item === null) throw new Failure('not-found', `nobody has ${key}${hint(flags.name)}`)
    await deliver(foundItem(item), { flags, output })
    return FOUND
  })
}

function hint(name: string | undefined): string {
  if (name !== undefined) return ' under this name'
  return '; for a signed value that has a name, --name is needed'
}
