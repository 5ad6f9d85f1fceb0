import type { BackendSession, ExecuteResult, Statement } from './backend.js'
import { describeMessage } from './describe.js'
import { endOfCall } from './error-message.js'
import type { Descriptor, ExecuteRequest } from './execute-request.js'
import { readBindRows, readExecute } from './execute-request.js'
import { LobStore } from './lob-store.js'
import { OraError } from './ora-error.js'
import { isLob, type Stored } from './ora-type.js'
import { returnedData, rowData, rowHeader } from './row-data.js'
import type { TtcReader } from './ttc-reader.js'
import { TtcWriter } from './ttc-writer.js'

interface Cursor {
  readonly id: number
  readonly sql: string
  binds: readonly Descriptor[]
  defines: readonly Descriptor[] | undefined
  statement: Statement | undefined
  rows: readonly (readonly Stored[])[]
  at: number
}

/** A call that has been read but not yet done: between the two a fault may strike. */
export interface ReadCall {
  readonly sql: string
  run(signal: AbortSignal): Promise<Buffer>
}

/** The statements of one session: cursors, execute, fetch. */
export class Calls {
  readonly lobs = new LobStore()
  readonly #backend: BackendSession
  readonly #fieldVersion: number
  readonly #cursors = new Map<number, Cursor>()
  #last = 0

  constructor(backend: BackendSession, fieldVersion: number) {
    this.#backend = backend
    this.#fieldVersion = fieldVersion
  }

  closeCursor(id: number): void {
    this.#cursors.delete(id)
  }

  execute(reader: TtcReader): ReadCall {
    const request = readExecute(reader, this.#fieldVersion)
    const cursor = request.sql === undefined ? this.#cursor(request.cursor) : this.#newCursor(request.sql)
    if (request.defines !== undefined) cursor.defines = request.defines
    else cursor.binds = request.binds
    const inputs = cursor.binds.slice(0, cursor.binds.length - returningBinds(cursor.sql))
    const values = request.execute
      ? readBindRows(reader, inputs.length === 0 ? 0 : request.iterations, inputs, this.lobs)
      : []
    return {
      sql: cursor.sql,
      run: async signal => await this.#run(cursor, request, filled(values, request.iterations), signal),
    }
  }

  reExecute(reader: TtcReader, andFetch: boolean): ReadCall {
    const cursor = this.#cursor(reader.ub())
    const count = reader.ub()
    reader.ub()
    const commit = (reader.ub() & 1) !== 0
    const iterations = andFetch ? 1 : Math.max(1, count)
    const inputs = cursor.binds.slice(0, cursor.binds.length - returningBinds(cursor.sql))
    const values = readBindRows(reader, inputs.length === 0 ? 0 : iterations, inputs, this.lobs)
    const request = {
      cursor: cursor.id,
      sql: undefined,
      parse: false,
      execute: true,
      fetch: andFetch,
      commit,
      describeOnly: false,
      batchErrors: false,
      rowCounts: false,
      rows: count,
      iterations,
      binds: cursor.binds,
      defines: undefined,
    }
    return {
      sql: cursor.sql,
      run: async signal => await this.#run(cursor, request, filled(values, iterations), signal),
    }
  }

  fetch(reader: TtcReader): ReadCall {
    const cursor = this.#cursor(reader.ub())
    const count = reader.ub()
    return { sql: cursor.sql, run: async () => Buffer.concat([rowHeader(), this.#rows(cursor, count)]) }
  }

  async #run(
    cursor: Cursor,
    request: ExecuteRequest,
    values: readonly (readonly Stored[])[],
    signal: AbortSignal,
  ): Promise<Buffer> {
    if (request.execute || request.parse) {
      const statement = await this.#backend.prepare(
        cursor.sql,
        cursor.binds.map(bind => bind.type),
      )
      cursor.statement = statement
      if (request.execute) {
        const result = await this.#backend.execute(statement, values, { batchErrors: request.batchErrors, signal })
        if (statement.kind !== 'query') return await this.#changed(cursor, statement, request, result)
        cursor.rows = result.rows
        cursor.at = 0
      }
    }
    return this.#selected(cursor, request)
  }

  #selected(cursor: Cursor, request: ExecuteRequest): Buffer {
    const columns = cursor.statement?.columns ?? []
    const parts: Buffer[] = []
    if (request.parse && cursor.statement?.kind === 'query') parts.push(describeMessage(this.#fieldVersion, columns))
    const withheld = columns.some(column => isLob(column.type)) && cursor.defines === undefined
    if (request.fetch && request.rows > 0 && !withheld) parts.push(rowHeader(), this.#rows(cursor, request.rows))
    else parts.push(this.#end(cursor, {}))
    return Buffer.concat(parts)
  }

  async #changed(
    cursor: Cursor,
    statement: Statement,
    request: ExecuteRequest,
    result: ExecuteResult,
  ): Promise<Buffer> {
    const parts: Buffer[] = []
    if (statement.returning > 0) {
      const outputs = cursor.binds.slice(cursor.binds.length - statement.returning)
      for (const rows of result.returned) parts.push(returnedData(outputs, rows))
    }
    const parameters = new TtcWriter().u8(8).ub(0, 0, 0, 0)
    if (request.rowCounts) parameters.ub(result.counts.length, ...result.counts)
    parts.push(parameters.toBuffer())
    if (request.commit && result.failure === undefined && result.errors.length === 0) await this.#backend.commit()
    parts.push(
      this.#end(cursor, {
        rowCount: result.counts.reduce((sum, count) => sum + count, 0),
        batchErrors: result.errors,
        ...(result.failure === undefined ? {} : { error: result.failure }),
      }),
    )
    return Buffer.concat(parts)
  }

  #rows(cursor: Cursor, count: number): Buffer {
    const columns = cursor.statement?.columns ?? []
    const end = Math.min(cursor.at + count, cursor.rows.length)
    const parts = cursor.rows.slice(cursor.at, end).map(row => rowData(columns, row, cursor.defines, this.lobs))
    cursor.at = end
    const done = end === cursor.rows.length
    parts.push(this.#end(cursor, { rowCount: end }, done))
    return Buffer.concat(parts)
  }

  #end(cursor: Cursor, end: Partial<Parameters<typeof endOfCall>[1]>, noMoreRows = false): Buffer {
    const inTransaction = this.#backend.inTransaction
    return endOfCall(this.#fieldVersion, { cursor: cursor.id, inTransaction, ...end }, noMoreRows)
  }

  #newCursor(sql: string): Cursor {
    const cursor = { id: ++this.#last, sql, binds: [], defines: undefined, statement: undefined, rows: [], at: 0 }
    this.#cursors.set(cursor.id, cursor)
    return cursor
  }

  #cursor(id: number): Cursor {
    const cursor = this.#cursors.get(id)
    if (cursor === undefined) throw new OraError(1001, 'invalid cursor')
    return cursor
  }
}

/** Bind variables after `returning … into`; their values are not sent. */
function returningBinds(sql: string): number {
  const into = /\breturn(?:ing)?\b[\s\S]*?\binto\b([\s\S]*)$/i.exec(sql)?.[1]
  return into?.match(/:\s*("[^"]+"|\w+)/g)?.length ?? 0
}

function filled(values: Stored[][], iterations: number): readonly (readonly Stored[])[] {
  return values.length > 0 ? values : Array.from({ length: iterations }, () => [])
}
