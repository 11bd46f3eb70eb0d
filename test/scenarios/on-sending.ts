// Doing something at the moment at which a node sends something.
import type { MainlineNetwork, SimulatedNode } from '../../src/simulator/mainline-network.ts'

/** Calls back at each packet that the node sends and that has this text in it, until told to stop. */
export function onSending(
  network: MainlineNetwork,
  { host }: SimulatedNode,
  text: string,
  sent: () => void,
): () => void {
  const watcher = ({ from, bytes }: { from: { host: string }; bytes: Uint8Array }): void => {
    if (from.host === host && Buffer.from(bytes).includes(text)) sent()
  }
  network.network.watchers.add(watcher)
  return () => void network.network.watchers.delete(watcher)
}
