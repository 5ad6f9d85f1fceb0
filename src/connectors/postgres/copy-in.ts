import type { Connection, FieldDef, Submittable } from 'pg'

/** What pg's connection offers to a copy, and its types leave out. */
interface CopyConnection extends Connection {
  endCopyFrom(): void
}

const CHUNK = 256 * 1024
/** CopyData, of the protocol's messages. */
const COPY_DATA = 'd'.charCodeAt(0)

/** Looks at the columns of a query beside the copy; gives what is wrong with them. */
export type CheckFields = (fields: readonly FieldDef[]) => Error | undefined

/**
 * One `copy … from stdin` of bytes that are all there, in one piece or more. The stream of pg-copy-streams is for more data than fits; its
 * writes go on after the server has refused a row, and fail outside of any promise.
 */
export class CopyIn implements Submittable {
  readonly done: Promise<number>
  readonly #sql: string
  readonly #pieces: readonly Uint8Array[]
  readonly #check: CheckFields | undefined
  #wrong: Error | undefined
  #rows = 0
  #resolve!: (rows: number) => void
  #reject!: (error: unknown) => void

  /** @param sql queries may stand before and behind the copy, whose columns are given to `check` */
  constructor(sql: string, pieces: readonly Uint8Array[], check?: CheckFields) {
    this.#sql = sql
    this.#pieces = pieces
    this.#check = check
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  submit(connection: Connection): void {
    connection.query(this.#sql)
  }

  handleCopyInResponse(connection: CopyConnection): void {
    const { stream } = connection
    if (!stream.writable) return
    stream.cork()
    for (const bytes of this.#pieces) {
      for (let start = 0; start < bytes.length; start += CHUNK) {
        // pg's own call makes a copy of the bytes for each message.
        const part = bytes.subarray(start, start + CHUNK)
        const head = Buffer.allocUnsafe(5)
        head[0] = COPY_DATA
        head.writeInt32BE(4 + part.length, 1)
        stream.write(head)
        stream.write(part)
      }
    }
    connection.endCopyFrom()
    stream.uncork()
  }

  handleRowDescription(message: { readonly fields: readonly FieldDef[] }): void {
    this.#wrong ??= this.#check?.(message.fields)
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.#rows += Number(/^COPY (\d+)/.exec(message.text)?.[1] ?? 0)
  }

  handleReadyForQuery(): void {
    if (this.#wrong === undefined) this.#resolve(this.#rows)
    else this.#reject(this.#wrong)
  }

  handleError(error: unknown): void {
    this.#reject(this.#wrong ?? error)
  }
}
