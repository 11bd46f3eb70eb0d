// What every server of the benchmark does: opens when told so, says its port and how full its table is.
import { answerCalls } from '../process.ts'

export interface Server {
  readonly port: number
  /** Contacts in the routing table; null where there is none or nobody can tell. */
  tableSize(): number | null
  /** The bare echo only: what it answers from now on. */
  setAnswer?(answer: Buffer, transactionAt: number): void
}

export interface Opened {
  readonly port: number
}

/** Answers the parent's calls for the server that `open` opens. */
export function serve(open: () => Promise<Server>): void {
  let server: Server | undefined
  answerCalls({
    open: async (): Promise<Opened> => {
      server = await open()
      return { port: server.port }
    },
    tableSize: () => server?.tableSize() ?? null,
    setAnswer: ({ hex, transactionAt }: { hex: string; transactionAt: number }) => {
      server?.setAnswer?.(Buffer.from(hex, 'hex'), transactionAt)
    },
  })
}
