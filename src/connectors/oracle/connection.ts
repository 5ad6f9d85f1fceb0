import type oracledb from 'oracledb'
import { EtlError } from '../../core/errors.js'
import type { Value } from '../../core/row.js'
import { bindValue } from './binds.js'
import { quote } from './dialect.js'
import type { Driver } from './driver.js'
import type { ErrorContext } from './errors.js'
import { toEtlError } from './errors.js'
import { fetchAs } from './fetch.js'
import { PIN, PROOF, PROVEN } from './pins.js'

export type Cell = string | number | Buffer | boolean | null
export type Metadata = oracledb.Metadata<unknown>

export interface Rows {
  readonly rows: readonly Cell[][]
  readonly metadata: readonly Metadata[]
}

/** One session with everything pinned that decides how values look and compare. Errors are {@link EtlError}. */
export class OracleConnection {
  readonly driver: Driver
  readonly where: string
  /** The system change number that this session reads by; errors about old data then say that it is gone. */
  scn: string | undefined
  readonly #native: oracledb.Connection

  constructor(driver: Driver, native: oracledb.Connection, where: string) {
    this.driver = driver
    this.#native = native
    this.where = where
  }

  /** Pins the session, and asks whether it took; a pooled connection may have been someone else's. */
  async pin(callTimeoutMs: number, applicationName: string, schema: string | undefined): Promise<void> {
    await this.#guard(async () => {
      this.#native.callTimeout = callTimeoutMs
      this.#native.module = applicationName
      await this.#native.execute(PIN)
      if (schema !== undefined) await this.#native.execute(`alter session set current_schema = ${quote(schema)}`)
    })
    const [proof = []] = (await this.run(PROOF)).rows
    if (PROVEN.every((text, i) => proof[i] === text)) return
    throw new EtlError('E308', 'the session does not keep the settings that values are read and written by', {
      where: this.where,
      hint: 'look for what changes NLS settings or the time zone behind it: a proxy, or a trigger',
    })
  }

  /** `19.3.0.0.0` */
  get version(): string {
    return this.#native.oracleServerVersionString
  }

  get majorVersion(): number {
    return Number(this.version.split('.')[0])
  }

  async run(sql: string, params: readonly Value[] = [], context: Partial<ErrorContext> = {}): Promise<Rows> {
    return await this.#guard(async () => {
      const result = await this.#native.execute<Cell[]>(sql, this.#binds(params), this.#options(FEW, FEW))
      return { rows: result.rows ?? [], metadata: (result.metaData ?? []) as Metadata[] }
    }, context)
  }

  /** The number of rows that the statement changed. */
  async change(sql: string, params: readonly Value[] = [], context: Partial<ErrorContext> = {}): Promise<number> {
    return await this.#guard(
      async () => (await this.#native.execute(sql, this.#binds(params))).rowsAffected ?? 0,
      context,
    )
  }

  /** One statement for many rows. Bad rows are in the result's `batchErrors`. */
  async changeMany(
    sql: string,
    rows: readonly (readonly unknown[])[],
    bindDefs: readonly oracledb.BindDefinition[],
    counts: boolean,
  ): Promise<oracledb.Results<unknown>> {
    return await this.#guard(
      async () =>
        await this.#native.executeMany(sql, rows as oracledb.BindParameters[], {
          bindDefs: bindDefs as oracledb.BindDefinition[],
          batchErrors: true,
          dmlRowCounts: counts,
        }),
    )
  }

  /** What the statement would give, without running it. */
  async describe(sql: string): Promise<readonly Metadata[]> {
    return await this.#guard(async () => (await this.#native.getStatementInfo(sql)).metaData as Metadata[])
  }

  async open(sql: string, params: readonly Value[], fetch: number): Promise<oracledb.ResultSet<Cell[]>> {
    return await this.#guard(async () => {
      const result = await this.#native.execute<Cell[]>(sql, this.#binds(params), {
        ...this.#options(fetch, fetch),
        resultSet: true,
      })
      if (result.resultSet === undefined) throw new EtlError('E901', 'a query gave no result set')
      return result.resultSet
    })
  }

  async fetch(set: oracledb.ResultSet<Cell[]>, count: number): Promise<Cell[][]> {
    return await this.#guard(async () => await set.getRows(count))
  }

  async commit(): Promise<void> {
    await this.#guard(async () => await this.#native.commit())
  }

  async rollback(): Promise<void> {
    await this.#native.rollback().catch(() => {})
  }

  /** Rolls back what is open; a lost connection is closed as well as a good one. */
  async close(): Promise<void> {
    await this.#native.rollback().catch(() => {})
    await this.#native.close().catch(() => {})
  }

  #options(fetch: number, prefetch: number): oracledb.ExecuteOptions {
    return {
      outFormat: this.driver.OUT_FORMAT_ARRAY,
      fetchArraySize: fetch,
      prefetchRows: prefetch,
      fetchTypeHandler: metadata => fetchAs(this.driver, metadata),
    }
  }

  #binds(params: readonly Value[]): oracledb.BindParameters {
    const { driver } = this
    return params.map((value): oracledb.BindParameter => {
      if (Buffer.isBuffer(value)) return { val: value, type: driver.DB_TYPE_RAW }
      const isNumber = typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
      const text = bindValue(isNumber ? 'number' : 'text', value) as string | null
      return { val: text, type: driver.DB_TYPE_VARCHAR }
    })
  }

  async #guard<T>(work: () => Promise<T>, context: Partial<ErrorContext> = {}): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw toEtlError(error, { where: this.where, snapshot: this.scn !== undefined, ...context })
    }
  }
}

/** Rows of a small result in one exchange. */
const FEW = 200
