import { createHash } from 'node:crypto'
import type { Column, Table } from '../core/catalog.js'
import type { Encoder, Session, WriteSpec } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Row, Value } from '../core/row.js'
import { placeholders, quoteNames } from '../core/sql.js'
import type { LedgerSql } from './ledger-sql.js'
import { LEDGER_TABLES } from './ledger-tables.js'
import { writerOf } from './writers.js'

/** A source key as `etl_identity` holds it; a very long one by its hash, since it must fit an index. */
export function identityKey(key: string): string {
  return key.length <= 400 ? key : `sha256:${createHash('sha256').update(key).digest('hex')}`
}

type Way = 'insert' | 'upsert'

/** `etl_identity`: which generated key of the target a source key got. */
export class IdentityLedger {
  readonly #sql: LedgerSql
  readonly #ways = new Map<Way, { readonly spec: WriteSpec; readonly encoder: Encoder }>()

  constructor(sql: LedgerSql) {
    this.#sql = sql
  }

  /** The table itself; undefined where there is no ledger. */
  table(): Promise<Table | undefined> {
    return this.#sql.database.table(this.#sql.ref('etl_identity'))
  }

  /** Does it hold keys of the entity that other runs noted? */
  async ofOthers(session: Session, pipeline: string, entity: string, runId: string): Promise<boolean> {
    const others = `${this.#sql.where(['pipeline', 'entity'])} and ${this.#sql.name('run_id')} <> ${this.#sql.dialect.placeholder(3)}`
    const rows = await session.query(
      `select count(*) from ${this.#sql.table('etl_run')} where exists (select 1 from ${this.#sql.table('etl_identity')} where ${others})`,
      [pipeline, entity, runId],
    )
    return Number(rows[0]?.[0]) > 0
  }

  /**
   * Notes which generated keys the rows got.
   *
   * @param way by `upsert` a source key seen before gets its new one, by `insert` it is an error of kind `row`
   */
  async write(
    session: Session,
    pipeline: string,
    entity: string,
    runId: string,
    keys: readonly string[],
    targets: readonly Value[],
    way: Way,
  ): Promise<void> {
    if (keys.length === 0) return
    const { spec, encoder } = this.#ways.get(way) ?? (await this.#prepare(way))
    const rows: Row[] = keys.map((key, i) => [pipeline, entity, identityKey(key), String(targets[i] ?? ''), runId])
    const writer = await writerOf(session, spec)
    await writer.write(encoder.encode(rows), 0, rows.length)
  }

  async #prepare(way: Way): Promise<{ readonly spec: WriteSpec; readonly encoder: Encoder }> {
    const table = await this.table()
    if (table === undefined) throw new EtlError('E508', 'the ledger table etl_identity is missing in the target')
    const columns = LEDGER_TABLES.etl_identity.columns.map(
      column => table.columns.find(c => c.name === column.name) as Column,
    )
    const match = way === 'insert' ? [] : LEDGER_TABLES.etl_identity.primaryKey
    const spec: WriteSpec = { table: this.#sql.ref('etl_identity'), columns, mode: way, match }
    const known = { spec, encoder: this.#sql.database.connector.encoder(spec) }
    this.#ways.set(way, known)
    return known
  }

  /** What is noted under source keys: the key as it is stored, the target's key, the run. */
  async stored(
    session: Session,
    pipeline: string,
    entity: string,
    keys: readonly string[],
  ): Promise<(readonly [string, string, string])[]> {
    const found: (readonly [string, string, string])[] = []
    for (let start = 0; start < keys.length; start += 500) {
      const some = [...new Set(keys.slice(start, start + 500).map(identityKey))]
      const rows = await session.query(
        `select ${quoteNames(this.#sql.dialect, ['source_key', 'target_key', 'run_id'])} from ${this.#sql.table('etl_identity')} ` +
          `where ${this.#sql.where(['pipeline', 'entity'])} and ${this.#sql.name('source_key')} in (${placeholders(this.#sql.dialect, some.length, 3)})`,
        [pipeline, entity, ...some],
      )
      for (const [key, target, run] of rows) found.push([String(key), String(target), String(run)])
    }
    return found
  }

  /** Puts back what was noted before, by whichever run. */
  async putBack(
    session: Session,
    pipeline: string,
    entity: string,
    rows: readonly (readonly [string, string, string])[],
  ): Promise<void> {
    for (const [key, target, run] of rows) {
      await session.execute(
        `delete from ${this.#sql.table('etl_identity')} where ${this.#sql.where(['pipeline', 'entity', 'source_key'])}`,
        [pipeline, entity, key],
      )
      const names = LEDGER_TABLES.etl_identity.columns.map(column => column.name)
      await session.execute(
        `insert into ${this.#sql.table('etl_identity')} (${quoteNames(this.#sql.dialect, names)}) values (${placeholders(this.#sql.dialect, names.length)})`,
        [pipeline, entity, key, target, run],
      )
    }
  }

  /** What a run noted is no longer true. */
  async forgetRun(session: Session, runId: string): Promise<void> {
    await session.execute(`delete from ${this.#sql.table('etl_identity')} where ${this.#sql.where(['run_id'])}`, [
      runId,
    ])
  }

  /** The entity's table is emptied: what its rows were called is no longer true. */
  async forget(session: Session, pipeline: string, entity: string): Promise<void> {
    await session.execute(
      `delete from ${this.#sql.table('etl_identity')} where ${this.#sql.where(['pipeline', 'entity'])}`,
      [pipeline, entity],
    )
  }

  /** The target keys of source keys, as text; source keys that have none are absent. */
  async find(
    session: Session,
    pipeline: string,
    entity: string,
    keys: readonly string[],
  ): Promise<Map<string, string>> {
    const found = new Map<string, string>()
    for (let start = 0; start < keys.length; start += 500) {
      const stored = new Map(keys.slice(start, start + 500).map(key => [identityKey(key), key]))
      const rows = await session.query(
        `select ${quoteNames(this.#sql.dialect, ['source_key', 'target_key'])} from ${this.#sql.table('etl_identity')} ` +
          `where ${this.#sql.where(['pipeline', 'entity'])} and ${this.#sql.name('source_key')} in (${placeholders(this.#sql.dialect, stored.size, 3)})`,
        [pipeline, entity, ...stored.keys()],
      )
      for (const row of rows) found.set(stored.get(String(row[0])) ?? '', String(row[1]))
    }
    return found
  }

  /** The target keys of all source keys of the entity; undefined where there are more than `most`. */
  async all(
    session: Session,
    pipeline: string,
    entity: string,
    most: number,
  ): Promise<Map<string, string> | undefined> {
    const of = `from ${this.#sql.table('etl_identity')} where ${this.#sql.where(['pipeline', 'entity'])}`
    const counted = await session.query(`select count(*) ${of}`, [pipeline, entity])
    if (Number(counted[0]?.[0]) > most) return undefined
    const names = quoteNames(this.#sql.dialect, ['source_key', 'target_key'])
    const rows = await session.query(`select ${names} ${of}`, [pipeline, entity])
    return new Map(rows.map(([key, target]) => [String(key), String(target)]))
  }
}
