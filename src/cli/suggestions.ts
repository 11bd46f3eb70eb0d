// What to try next with a node that runs: commands for a second terminal that work with this very node.
import { hostPort } from '../codecs/compact-address.ts'
import type { Address } from '../kademlia/contact.ts'
import type { Network, OpenOptions } from './network.ts'

/** Lines for people. `isPublic`: it is one of millions; otherwise its network is reached through it. */
export function suggestions(
  network: Network,
  { host, port }: Address,
  { options, isPublic }: { options: OpenOptions; isPublic: boolean },
): string[] {
  const dialled = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  const address = hostPort({ host: dialled, port })
  // Some shells take brackets for a pattern.
  const at = address.startsWith('[') ? `'${address}'` : address
  const through = isPublic ? '' : ` --bootstrap ${at}`
  return [
    'Try in a second terminal:',
    ...(isPublic ? [] : [`  npx xorbit ping ${at}${inNetwork(network, options)}`]),
    ...network.toTry(options, through).map((words) => `  npx xorbit ${words}`),
    '',
  ]
}

/** Of commands that work in several networks, and in mainline when nothing is said; and how nodes talk in it. */
export function inNetwork({ name }: Pick<Network, 'name'>, { tls, revision }: OpenOptions): string {
  const network = name === 'mainline' ? '' : ` --network ${name}`
  return (
    network + (tls === false ? ' --no-tls' : '') + (revision === undefined ? '' : ` --revision ${revision}`)
  )
}
