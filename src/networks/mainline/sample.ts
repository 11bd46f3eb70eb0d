// Surveying which infohashes the nodes of the DHT store (BEP 51), for those who index it: the door.
// Not here: how a survey goes (sweep.ts), what we answer to others' (infohash-samples.ts).
import { XorbitError } from '../../node/errors.ts'
import { checkOperation, toFlag, toInteger } from '../../node/reading.ts'
import type { ResultStream } from '../../node/result-stream.ts'
import type { FamilyNode } from './family.ts'
import { SampleIntervals } from './sample-intervals.ts'
import { Sweep, type Sample, type SampleOutcome, type SweepOptions, type SweepParts } from './sweep.ts'

export interface SampleOptions {
  readonly signal?: AbortSignal | undefined
  /** Infohashes after which it ends. Default: no limit. */
  readonly limit?: number
  /** Nodes that are asked at most, 1 … 250,000, about 0.8 kB of memory each. Default 100,000. */
  readonly maxNodes?: number
  /** Goes on after every node was asked, and asks each again when its interval has passed. Default false. */
  readonly again?: boolean
  /** Requests under way at once, 1 … 256. Default 8. */
  readonly concurrency?: number
  /** 1 … 1,000. Default 20. */
  readonly queriesPerSecond?: number
}

/** Surveys of one node at once; a further one is refused as overload. */
const MAX_SWEEPS = 4

export interface SurveysParts extends Pick<SweepParts, 'scheduler' | 'random' | 'private'> {
  /** One node a family; asked anew for each survey. */
  readonly families: () => readonly FamilyNode[]
}

/** The surveys of one node. */
export class Surveys {
  readonly #parts: SurveysParts
  readonly #intervals = new SampleIntervals()
  /** At most MAX_SWEEPS. */
  readonly #sweeps = new Set<Sweep>()

  constructor(parts: SurveysParts) {
    this.#parts = parts
  }

  /**
   * Asks node after node which infohashes it stores; each distinct one comes once. Ends when every node that could be found
   * was asked. No node is asked for samples before the interval that it gave has passed, also not by a later survey, which
   * then asks it for contacts alone (B51-06). Leaving the loop or aborting stops the traffic. Throws XorbitError
   * 'bad-argument', 'unknown-option', or 'overload' above MAX_SWEEPS.
   */
  begin(options: SampleOptions = {}): ResultStream<Sample, SampleOutcome> {
    const resolved = resolveOptions(options)
    if (this.#sweeps.size >= MAX_SWEEPS) {
      throw new XorbitError('overload', `${MAX_SWEEPS} surveys are under way; wait for one to end`)
    }
    const ended = (): void => void this.#sweeps.delete(sweep)
    const families = this.#parts.families()
    const sweep = new Sweep({ ...this.#parts, families, intervals: this.#intervals, ended }, resolved)
    this.#sweeps.add(sweep)
    void sweep.start()
    return sweep.stream
  }

  /** Ends all of them: whoever reads hears that the node is closed. */
  close(): void {
    for (const sweep of this.#sweeps) sweep.fail(new XorbitError('closed', 'the node is closed'))
  }
}

const KNOWN = ['limit', 'maxNodes', 'again', 'concurrency', 'queriesPerSecond']

function resolveOptions(options: SampleOptions): SweepOptions {
  checkOperation(options, KNOWN)
  const {
    limit = Infinity,
    maxNodes = 100_000,
    again = false,
    concurrency = 8,
    queriesPerSecond = 20,
  } = options
  return {
    signal: options.signal,
    limit: limit === Infinity ? limit : toInteger('limit', limit, [1, Number.MAX_SAFE_INTEGER]),
    maxNodes: toInteger('maxNodes', maxNodes, [1, 250_000]),
    again: toFlag('again', again),
    concurrency: toInteger('concurrency', concurrency, [1, 256]),
    queriesPerSecond: toInteger('queriesPerSecond', queriesPerSecond, [1, 1_000]),
  }
}
