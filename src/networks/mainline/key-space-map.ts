// Where in the key space nodes are known, and where nobody was asked for more: chooses around which target each node is
// asked, so that one question a node finds them all. Not here: whom to ask, and when (sample.ts).
import { randomIdWithin, type Id } from '../../kademlia/id.ts'
import type { Random } from '../../kademlia/ports.ts'

/** Ids in a region before it is split; as many as one answer names. */
const MAX_IDS = 8

/** Regions are not split further: 2²⁴ of them are more than there are nodes anywhere. What would be deeper is a lie. */
const MAX_DEPTH = 24

/** Regions in all, about 200 bytes each; then none is split any more, and targets get coarser. */
const MAX_REGIONS = 100_000

/** All ids that share their first `depth` bits. */
interface Region {
  readonly depth: number
  readonly parent: Region | null
  /** The two regions that it was split into, by their first own bit; null in one that is not split. */
  halves: readonly [Region, Region] | null
  /** The ids known in it, at most MAX_IDS, more only where it cannot be split; none in one that is split. */
  ids: Id[]
  /** Questions around a target in it that were answered or still may be. */
  asked: number
  /** Of all unsplit regions in it the least of `asked`, and of depth + asked. */
  fewest: number
  least: number
}

export class KeySpaceMap {
  readonly #root: Region = createRegion(null)
  #regions = 1

  get regions(): number {
    return this.#regions
  }

  /** A node with this id is known now. */
  add(id: Id): void {
    let region = this.#regionOf(id)
    // Those that cannot be split need not know who is in them.
    if (region.depth === MAX_DEPTH) return
    region.ids.push(id)
    while (region.ids.length > MAX_IDS && region.depth < MAX_DEPTH && this.#regions < MAX_REGIONS) {
      this.#split(region)
      region = region.halves![bitOf(id, region.depth)]
    }
  }

  /** The node with this id is none, or is gone: halves of which one answer can name all become one region again. */
  remove(id: Id): void {
    let region = this.#regionOf(id)
    const index = region.ids.indexOf(id)
    if (index < 0) return
    region.ids.splice(index, 1)
    while (region.parent !== null && this.#join(region.parent)) region = region.parent
  }

  /**
   * The target around which a node shall be asked: in the region that was asked for least, of those that it can know of.
   * A node knows all about its own region, and of each half of the key space in which it is not about eight nodes: so
   * each bit that a region is smaller than such a half makes its answer worth half as much, and counts as one question.
   */
  targetFor(id: Id, random: Random): Id {
    let region = this.#root
    let best = region
    let score = Infinity
    while (region.halves !== null) {
      const half = bitOf(id, region.depth)
      const other = region.halves[1 - half]!
      if (other.least - other.depth <= score) {
        best = other
        score = other.least - other.depth
      }
      region = region.halves[half]
    }
    return this.#targetIn(region.asked <= score ? region : best, { id, by: 'least' }, random)
  }

  /** A target in the nearest region that was asked for less than `often`; null: there is none. */
  neglectedTargetFor(id: Id, often: number, random: Random): Id | null {
    let region = this.#root
    let best: Region | null = null
    while (region.halves !== null) {
      const half = bitOf(id, region.depth)
      const other = region.halves[1 - half]!
      if (other.fewest < often) best = other
      region = region.halves[half]
    }
    if (region.asked < often) best = region
    return best === null ? null : this.#targetIn(best, { id, by: 'fewest' }, random)
  }

  /** In the part of the region that was asked for least; it counts as asked for. */
  #targetIn(start: Region, { id, by }: { id: Id; by: 'least' | 'fewest' }, random: Random): Id {
    let region = start
    const within = id.slice() as Id
    if (start.depth > 0 && start !== this.#regionOf(id)) flip(within, start.depth - 1)
    while (region.halves !== null) {
      const [low, high] = region.halves
      const either = low[by] === high[by] && random.fraction() < 0.5
      const half = low[by] < high[by] || either ? 0 : 1
      if (bitOf(within, region.depth) !== half) flip(within, region.depth)
      region = region.halves[half]
    }
    this.#count(region, 1)
    return randomIdWithin(within, region.depth, random)
  }

  /** A question around this target was not answered. */
  unanswered(target: Id): void {
    this.#count(this.#regionOf(target), -1)
  }

  /** The answer around this target named somebody new: there may be more, so it counts half. */
  named(target: Id): void {
    this.#count(this.#regionOf(target), -0.5)
  }

  #regionOf(id: Id): Region {
    let region = this.#root
    while (region.halves !== null) region = region.halves[bitOf(id, region.depth)]!
    return region
  }

  /** What was asked around the whole tells nothing of its halves: there were more than an answer names. */
  #split(region: Region): void {
    const halves = [createRegion(region), createRegion(region)] as const
    for (const id of region.ids) halves[bitOf(id, region.depth)].ids.push(id)
    region.halves = halves
    region.ids = []
    this.#regions += 2
    renew(region)
  }

  #join(region: Region): boolean {
    const [low, high] = region.halves!
    if (low.halves !== null || high.halves !== null || low.ids.length + high.ids.length > MAX_IDS)
      return false
    region.halves = null
    region.ids = [...low.ids, ...high.ids]
    region.asked = low.asked + high.asked
    settle(region)
    this.#regions -= 2
    if (region.parent !== null) renew(region.parent)
    return true
  }

  #count(region: Region, questions: number): void {
    region.asked = Math.max(0, region.asked + questions)
    settle(region)
    if (region.parent !== null) renew(region.parent)
  }
}

function createRegion(parent: Region | null): Region {
  const depth = parent === null ? 0 : parent.depth + 1
  return { depth, parent, halves: null, ids: [], asked: 0, fewest: 0, least: depth }
}

function settle(region: Region): void {
  region.fewest = region.asked
  region.least = region.depth + region.asked
}

function renew(region: Region): void {
  for (let each: Region | null = region; each !== null; each = each.parent) {
    const [low, high] = each.halves!
    each.fewest = Math.min(low.fewest, high.fewest)
    each.least = Math.min(low.least, high.least)
  }
}

function bitOf(id: Id, depth: number): 0 | 1 {
  return ((id[depth >> 3]! >> (7 - (depth & 7))) & 1) as 0 | 1
}

function flip(id: Id, depth: number): void {
  id[depth >> 3]! ^= 0x80 >> (depth & 7)
}
