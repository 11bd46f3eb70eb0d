// Node ids of khashmir: a new one, the suffix that names a network's version, and where a node looks to find who is
// close to it (khashmir A2, A8). Not here: when an id is made and kept.
import { asId, type Id } from '../../kademlia/id.ts'
import type { Random } from '../../kademlia/ports.ts'

const ID_BYTES = 20

const encoder = new TextEncoder()

/** A random id whose last bytes are those of `suffix` (`A000`, at most 20 bytes of text); '': none. */
export function freshId(random: Random, suffix: string): Id {
  const id = random.bytes(ID_BYTES)
  const ending = endingOf(suffix)
  id.set(ending, ID_BYTES - ending.length)
  return asId(id)
}

/** Whether an id ends in the bytes of `suffix`. One that was saved under another suffix is of another network. */
export function fitsSuffix(id: Id, suffix: string): boolean {
  const ending = endingOf(suffix)
  const start = ID_BYTES - ending.length
  return ending.every((byte, i) => byte === id[start + i])
}

/** What a node looks up to find who is close to it: its own id with the last byte one higher, 255 becoming 0. */
export function closeTarget(ownId: Id): Id {
  const target = ownId.slice()
  target[ID_BYTES - 1] = (target[ID_BYTES - 1]! + 1) & 0xff
  return asId(target)
}

function endingOf(suffix: string): Uint8Array {
  const ending = encoder.encode(suffix)
  if (ending.length > ID_BYTES)
    throw new RangeError(`a suffix of ids may have ${ID_BYTES} bytes, got ${ending.length}`)
  return ending
}
