// Doing something at the moment at which a node sends something.
import type { VirtualNetwork } from '../../src/simulator/virtual-network.ts'

/** Calls back at each packet that the node sends and that has this text in it, until told to stop. */
export function onSending(
  { network }: { readonly network: VirtualNetwork },
  { host }: { readonly host: string },
  text: string,
  sent: () => void,
): () => void {
  const watcher = ({ from, bytes }: { from: { host: string }; bytes: Uint8Array }): void => {
    if (from.host === host && Buffer.from(bytes).includes(text)) sent()
  }
  network.watchers.add(watcher)
  return () => void network.watchers.delete(watcher)
}
