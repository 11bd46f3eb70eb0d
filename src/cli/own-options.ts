// The options that only some networks have: refused where the network that was chosen has them not, and those of its nodes
// read. Not here: those of one command (publish-value.ts and the others that have them).
import { misuse, oneOf } from './failure.ts'
import { OWN_OPTIONS, type Network, type OpenOptions } from './network.ts'

/** Those that take one of a few words; `tls` takes none. */
const WORDS = ['role', 'preset', 'revision'] as const
export type OwnNodeOption = (typeof WORDS)[number] | 'tls'

/** Reads them. Throws Failure about any that this network has not, and about words that it has not. */
export function readOwn({ name, own }: Network, flags: object): Pick<OpenOptions, OwnNodeOption> {
  const given = flags as Readonly<Partial<Record<string, unknown>>>
  for (const option of OWN_OPTIONS) {
    const got = given[option]
    // Nobody writes --tls: it is there unless --no-tls is.
    if (got === undefined || got === true || option in own) continue
    const written = option === 'tls' ? '--no-tls' : `--${option}`
    throw misuse(written, `none, for ${name} has no such option`, got === false ? written : got)
  }
  const words = WORDS.flatMap((option) => {
    const got = given[option]
    if (got === undefined) return []
    if (!own[option]!.includes(got as string)) throw misuse(`--${option}`, oneOf(own[option]!), got)
    return [[option, got]]
  })
  return { ...Object.fromEntries(words), ...(given['tls'] === false ? { tls: false } : {}) }
}
