// One connection, with TLS or without, incoming or outgoing: frames in and out, how long each thing may take, and an end
// that is told once. Not here: what the messages are for (incoming.ts, outgoing.ts), and how sockets are made.
import type { Socket } from 'node:net'
import type { FrameReader } from '../node/ports.ts'
import type { StreamLimits } from './stream-limits.ts'

/** ended: after our `end`. lost: the other side closed it, or the network failed. cut: we broke it off. */
export type Closing = 'ended' | 'lost' | 'cut'

/** Who hears of one connection. */
export interface ConnectionListener {
  /** It is connected, and TLS agreed. */
  opened(): void
  message(bytes: Uint8Array): void
  /** All that came so far has been handed on. */
  caughtUp(): void
  /** The other side will send nothing more. */
  finished(): void
  /** Told once; nothing comes after it. `reason` is a word of ours, or the system's code. */
  closed(how: Closing, reason: string): void
}

/** A socket, and the event that says that it is open; null: it is. */
export interface NewSocket {
  readonly socket: Socket
  readonly opens: 'connect' | 'secure' | 'secureConnect' | null
}

export class StreamConnection {
  readonly #socket: Socket
  readonly #reader: FrameReader
  readonly #limits: StreamLimits
  readonly #listener: ConnectionListener
  #state: 'opening' | 'open' | 'ending' | 'closed' = 'opening'
  /** Messages that have come and are not handed on, from #next on. At most what one read of the socket brings. */
  #messages: readonly Uint8Array[] = []
  #next = 0
  readonly #rest = new Deadline((reason) => this.cut(reason))
  /** For a message to be whole, or for a peer to read what it is sent. */
  readonly #progress = new Deadline((reason) => this.cut(reason))

  constructor(
    { socket, opens }: NewSocket,
    parts: { reader: FrameReader; limits: StreamLimits; listener: ConnectionListener },
  ) {
    this.#socket = socket
    this.#reader = parts.reader
    this.#limits = parts.limits
    this.#listener = parts.listener
    if (opens === null) this.#state = 'open'
    else socket.once(opens, this.#opened)
    socket.on('data', this.#read)
    socket.on('drain', this.#handOn)
    socket.on('end', this.#finished)
    // Stays for good: a destroyed socket may still have an error to tell, and none must go unheard.
    socket.on('error', (error: NodeJS.ErrnoException) => this.#close('lost', error.code ?? 'error'))
    socket.on('close', () => this.#close('lost', 'closed'))
  }

  get isOpening(): boolean {
    return this.#state === 'opening'
  }

  /** Whether it takes messages to be sent; before it is open too. */
  get isWritable(): boolean {
    return this.#state === 'open' || this.#state === 'opening'
  }

  /** Whether a further message does not pass the bound of what is queued. */
  get takesMore(): boolean {
    return this.isWritable && this.#socket.writableLength <= this.#limits.maxQueuedBytes
  }

  /** Whether part of a message has come. */
  get isWithin(): boolean {
    return this.#reader.isWithin
  }

  /** Whether messages have come that are not handed on yet. */
  get hasMore(): boolean {
    return this.#next < this.#messages.length
  }

  /** What becomes of it when it is left alone; a later call takes the place of this one. */
  expect(withinMs: number, reason: string): void {
    if (this.isWritable) this.#rest.set(withinMs, reason)
  }

  /** Sends a frame. False: it could not, for the connection is closed, or is now. */
  write(frame: Uint8Array): boolean {
    if (!this.isWritable) return false
    if (!this.takesMore) {
      this.cut('write-overflow')
      return false
    }
    this.#socket.write(frame)
    return true
  }

  /**
   * Sends what is queued and closes. What comes in meanwhile is not looked at. `lingers`: waits some time for the other
   * side to end too, for what it still sends to a closed socket could take an answer from it that it has not read yet.
   */
  end({ lingers }: { readonly lingers: boolean }): void {
    if (!this.isWritable) return
    this.#state = 'ending'
    this.#messages = []
    this.#progress.clear()
    this.#rest.set(this.#limits.lingerMs, 'linger')
    if (lingers) this.#socket.end()
    else this.#socket.destroySoon()
    this.#socket.resume()
  }

  /** Breaks it off. */
  cut(reason: string): void {
    this.#close('cut', reason)
  }

  readonly #opened = (): void => {
    if (this.#state !== 'opening') return
    this.#state = 'open'
    this.#listener.opened()
  }

  readonly #read = (bytes: Uint8Array): void => {
    if (this.#state !== 'open') return
    const wasWithin = this.#reader.isWithin
    let messages: readonly Uint8Array[]
    try {
      messages = this.#reader.take(bytes)
    } catch {
      return this.cut('framing')
    }
    if (!this.#reader.isWithin) this.#progress.clear()
    // Bytes do not win time, only whole messages do: else one byte a second would hold a connection for a day.
    else if (!wasWithin || messages.length > 0) this.#progress.set(this.#limits.slowMessageMs, 'slow')
    if (messages.length === 0) return
    this.#messages = this.hasMore ? [...this.#messages.slice(this.#next), ...messages] : messages
    this.#next = 0
    this.#handOn()
  }

  /** Hands on messages as long as the answers are taken. What is answered at once leaves together. */
  readonly #handOn = (): void => {
    if (!this.hasMore) return
    this.#socket.cork()
    try {
      while (this.hasMore && this.#state === 'open' && !this.#socket.writableNeedDrain) {
        this.#listener.message(this.#messages[this.#next++]!)
      }
    } finally {
      this.#socket.uncork()
    }
    if (this.#state !== 'open') return
    if (this.hasMore) return this.#wait()
    this.#messages = []
    this.#next = 0
    if (this.#socket.isPaused()) {
      this.#socket.resume()
      if (this.#reader.isWithin) this.#progress.set(this.#limits.slowMessageMs, 'slow')
      else this.#progress.clear()
    }
    this.#listener.caughtUp()
  }

  /** Reads nothing more from whoever does not read its answers. */
  #wait(): void {
    this.#socket.pause()
    this.#progress.set(this.#limits.slowMessageMs, 'write-overflow')
  }

  readonly #finished = (): void => {
    if (this.isWritable) this.#listener.finished()
  }

  #close(how: 'lost' | 'cut', reason: string): void {
    if (this.#state === 'closed') return
    const inOrder = this.#state === 'ending' && this.#socket.writableLength === 0
    this.#state = 'closed'
    this.#messages = []
    this.#rest.clear()
    this.#progress.clear()
    this.#socket.destroy()
    this.#listener.closed(inOrder ? 'ended' : how, reason)
  }
}

/** Calls back once when a time is over, unless it is set anew or cleared. Keeps no process alive. */
class Deadline {
  readonly #passed: (reason: string) => void
  #timer: NodeJS.Timeout | null = null
  #ms = 0
  #reason = ''

  constructor(passed: (reason: string) => void) {
    this.#passed = passed
  }

  set(ms: number, reason: string): void {
    this.#reason = reason
    if (this.#timer !== null && this.#ms === ms) {
      this.#timer.refresh()
      return
    }
    this.clear()
    this.#ms = ms
    this.#timer = setTimeout(() => this.#expire(), ms)
    this.#timer.unref()
  }

  clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #expire(): void {
    this.#timer = null
    this.#passed(this.#reason)
  }
}
