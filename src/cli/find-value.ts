// `xorbit resolve PUBLICKEY [NAME]` and `xorbit get KEY` on drogulus: find a signed value by whose it is and its name, or by
// its key, which is made of both. Not here: mainline (resolve.ts, get.ts).
import type { Drogulus } from '../networks/drogulus/open.ts'
import type { FoundValue } from '../networks/drogulus/values/value.ts'
import { readIdOf } from './arguments.ts'
import { Failure, FOUND } from './failure.ts'
import { checkDestination, deliver, type DestinationFlags } from './item-output.ts'
import { DROGULUS } from './networks.ts'
import type { Call } from './program.ts'
import { withProgress } from './progress.ts'
import { checkRsaPublicKey, readRsaPublicPem } from './rsa-key-option.ts'
import { readAskingOptions, withEnding, withSession } from './short-lived-node.ts'
import type { AskingFlags, Session } from './short-lived-node.ts'
import { foundValue } from './shown-signed-value.ts'
import { readValueName } from './value-options.ts'

export interface FindValueFlags extends AskingFlags, DestinationFlags {
  readonly first?: true
}

/** Prints the value. Throws Failure when nobody has it. */
export async function resolveValue(
  [whose = '', name = '']: readonly string[],
  call: Call<FindValueFlags>,
): Promise<number> {
  const { flags, output } = call
  checkRsaPublicKey(whose)
  const wanted = readValueName(name)
  await checkDestination(flags)
  readAskingOptions(DROGULUS, flags)
  return withEnding(flags, output, async (ending) => {
    const publicKey = await readRsaPublicPem(whose, { ending, output })
    const missing = `nobody has a value under this public key and ${name === '' ? 'no name' : `the name ${JSON.stringify(name)}`}`
    return withSession({ network: DROGULUS, flags, output, ending }, (session) =>
      deliverFound(({ node }) => node.resolve(publicKey, wanted, modeOf(session, flags)), {
        session,
        call,
        missing,
      }),
    )
  })
}

/** Prints the value. Throws Failure when nobody has it. */
export async function getValue([text = '']: readonly string[], call: Call<FindValueFlags>): Promise<number> {
  const { flags, output } = call
  const key = readIdOf(DROGULUS, 'KEY', text)
  await checkDestination(flags)
  readAskingOptions(DROGULUS, flags)
  return withEnding(flags, output, (ending) =>
    withSession({ network: DROGULUS, flags, output, ending }, (session) =>
      deliverFound(({ node }) => node.get(key, modeOf(session, flags)), {
        session,
        call,
        missing: `nobody has ${text}`,
      }),
    ),
  )
}

function modeOf(
  { ending }: Session<Drogulus>,
  { first }: FindValueFlags,
): { readonly mode: 'first' | 'latest'; readonly signal: AbortSignal } {
  return { mode: first === true ? 'first' : 'latest', signal: ending.signal }
}

async function deliverFound(
  find: (session: Session<Drogulus>) => Promise<FoundValue | null>,
  {
    session,
    call: { flags, output },
    missing,
  }: { session: Session<Drogulus>; call: Call<FindValueFlags>; missing: string },
): Promise<number> {
  const found = await withProgress(output, 'searching', find(session))
  if (found === null) throw new Failure('not-found', missing)
  await deliver(foundValue(found), { flags, output })
  return FOUND
}
