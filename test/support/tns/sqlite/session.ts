import type Database from 'better-sqlite3'
import type { BackendSession, ExecuteOptions, ExecuteResult } from '../backend.js'
import { notUnderstood, OraError } from '../ora-error.js'
import type { OraType, Stored } from '../ora-type.js'
import { decodeNumber } from '../oracle-number.js'
import type { Statement } from './ast.js'
import type { SqliteBackend } from './backend.js'
import { connect, type SessionState } from './connection.js'
import type { NlsFormats } from './convert.js'
import { referencing, runDdl } from './ddl.js'
import type { DmlPlan, MergePlan } from './dml.js'
import { toOraError } from './errors.js'
import { parseStatement } from './parse-statement.js'
import { type Prepared, prepare, type QueryPlan } from './plan.js'
import type { Environment } from './translate.js'
import { translateSelect } from './translate-select.js'

type Bound = Record<string, Stored | number>

/** NLS settings whose values the translation uses or that only one value has a meaning for here. */
const ACCEPTED: Readonly<Record<string, readonly string[] | undefined>> = {
  NLS_NUMERIC_CHARACTERS: ['.,'],
  NLS_SORT: ['BINARY'],
  NLS_COMP: ['BINARY'],
  NLS_LENGTH_SEMANTICS: ['BYTE', 'CHAR'],
  NLS_LANGUAGE: ['AMERICAN'],
  NLS_TERRITORY: ['AMERICA'],
}

export class SqliteSession implements BackendSession {
  readonly #backend: SqliteBackend
  readonly #db: Database.Database
  readonly #state: SessionState
  readonly #prepared = new Map<string, Prepared>()
  readonly #compiled = new Map<string, Database.Statement>()
  #nls: NlsFormats = { date: 'DD-MON-RR', timestamp: 'DD-MON-RR', zoned: 'DD-MON-RR' }
  #writing = false
  #reading = false
  #locking = false
  /** What is deferred is checked by each statement, until the transaction ends. */
  #immediate = false

  constructor(backend: SqliteBackend, user: string) {
    this.#backend = backend
    this.#state = {
      user,
      database: backend.name,
      schema: user,
      timeZone: '+00:00',
      currval: new Map(),
      scn: () => backend.pin(),
    }
    this.#db = connect(backend.file, backend.catalog, this.#state)
  }

  get inTransaction(): boolean {
    return this.#writing || this.#locking
  }

  async prepare(sql: string, binds: readonly OraType[]): Promise<Prepared> {
    const { catalog } = this.#backend
    const key = `${this.#state.schema}\u0000${binds.map(bind => bind.kind).join()}\u0000${Object.values(this.#nls).join()}\u0000${sql}`
    const known = this.#prepared.get(key)
    if (known !== undefined && known.version === catalog.version) return known
    const made = prepare(parseStatement(sql), this.#environment(binds))
    this.#prepared.set(key, made)
    return made
  }

  #environment(binds: readonly OraType[]): Environment {
    return {
      select: translateSelect,
      catalog: this.#backend.catalog,
      schema: this.#state.schema,
      user: this.#state.user,
      nls: this.#nls,
      binds,
      named: new Map(),
      counter: { value: 0 },
      flashback: { scns: [], present: false },
    }
  }

  async execute(
    statement: Prepared,
    iterations: readonly (readonly Stored[])[],
    options: ExecuteOptions,
  ): Promise<ExecuteResult> {
    const { plan } = statement
    const nothing = { rows: [], counts: [], returned: [], errors: [] }
    if (plan.is === 'query')
      return { ...nothing, rows: await this.#query(plan, bound(iterations[0] ?? []), options.signal) }
    if (plan.is === 'other') {
      await this.#other(plan.statement, options.signal)
      return nothing
    }
    await this.#beginChange(plan, iterations, options.signal)
    return await this.#change(plan, iterations, options)
  }

  async #query(plan: QueryPlan, binds: Bound, signal: AbortSignal): Promise<Stored[][]> {
    try {
      if (plan.lock !== undefined) await this.#lockRows(plan.lock, binds, signal)
      const db = plan.asOf === undefined ? this.#db : this.#backend.snapshot(this.#scnOf(plan.asOf.sql, binds))
      return (db === this.#db ? this.#compile(plan.sql) : db.prepare(plan.sql)).raw(true).all(binds) as Stored[][]
    } catch (error) {
      throw toOraError(error, { catalog: this.#backend.catalog, is: 'other', table: undefined })
    }
  }

  async #lockRows(lock: NonNullable<QueryPlan['lock']>, binds: Bound, signal: AbortSignal): Promise<void> {
    const rowids = this.#db.prepare(lock.sql).pluck().all(binds)
    await this.#backend.rows.take(this, lock.table, rowids, lock.nowait, signal)
    this.#locking = true
  }

  #scnOf(sql: string, binds: Bound): number {
    return Number(decodeNumber(this.#db.prepare(`SELECT ${sql}`).pluck().get(binds) as Buffer))
  }

  /** Others' row locks are waited for before the one writer's turn is taken: who holds them may need it to go on. */
  async #beginChange(
    plan: DmlPlan | MergePlan,
    iterations: readonly (readonly Stored[])[],
    signal: AbortSignal,
  ): Promise<void> {
    const rows = (): unknown[] => {
      if (!('touched' in plan) || plan.touched === undefined) return []
      const statement = this.#compile(plan.touched).pluck()
      return iterations.flatMap(values => statement.all(bound(values)))
    }
    for (;;) {
      const already = this.#writing
      await this.#backend.rows.wait(this, plan.table.physical, rows, signal)
      await this.#beginWriting(signal)
      if (already || !this.#backend.rows.heldByOthers(this, plan.table.physical, rows)) return
      this.#db.exec('ROLLBACK')
      this.#writing = false
      this.#backend.writer.give(this)
    }
  }

  async #beginWriting(signal: AbortSignal): Promise<void> {
    if (this.#reading)
      throw new OraError(1456, 'may not perform insert/delete/update operation inside a READ ONLY transaction')
    if (this.#writing) return
    await this.#backend.writer.take(this, signal)
    this.#db.exec('BEGIN IMMEDIATE')
    this.#writing = true
  }

  async #change(
    plan: DmlPlan | MergePlan,
    iterations: readonly (readonly Stored[])[],
    options: ExecuteOptions,
  ): Promise<ExecuteResult> {
    const counts: number[] = []
    const returned: (readonly (readonly Stored[])[])[] = []
    const errors: { offset: number; error: OraError }[] = []
    for (const [offset, values] of iterations.entries()) {
      if (options.signal.aborted) throw new OraError(1013, 'user requested cancel of current operation')
      const binds = bound(values)
      try {
        const done = this.#one(plan, binds)
        counts.push(done.count)
        returned.push(done.rows)
      } catch (error) {
        const failed = plan.is === 'merge' ? 'insert' : plan.is
        const known = toOraError(error, {
          catalog: this.#backend.catalog,
          is: failed,
          table: plan.table,
          brokenReference: () => this.#brokenReference(plan, binds),
        })
        if (!options.batchErrors) return { rows: [], counts, returned, errors, failure: known }
        counts.push(0)
        returned.push([])
        errors.push({ offset, error: known })
      }
    }
    return { rows: [], counts, returned, errors }
  }

  #one(plan: DmlPlan | MergePlan, binds: Bound): { count: number; rows: Stored[][] } {
    if (!this.#immediate) return this.#plain(plan, binds)
    return this.#db.transaction(() => {
      const done = this.#plain(plan, binds)
      this.#checkReferences()
      return done
    })()
  }

  #checkReferences(): void {
    const [broken] = this.#db.pragma('foreign_key_check') as { table: string; fkid: number }[]
    if (broken === undefined) return
    const { tables } = this.#backend.catalog
    const table = [...tables.values()].find(one => one.physical === broken.table)
    // The storage numbers a table's keys from the last one.
    const keys = table?.constraints.filter(one => one.kind === 'R') ?? []
    const name = `${table?.owner}.${keys[keys.length - 1 - broken.fkid]?.name}`
    throw new OraError(2291, `integrity constraint (${name}) violated - parent key not found`)
  }

  /** One iteration: all of it or nothing. */
  #plain(plan: DmlPlan | MergePlan, binds: Bound): { count: number; rows: Stored[][] } {
    if (plan.is !== 'merge') {
      const statement = this.#compile(plan.sql)
      if (plan.returning.length === 0) return { count: statement.run(binds).changes, rows: [] }
      const rows = statement.raw(true).all(binds) as Stored[][]
      return { count: rows.length, rows }
    }
    return this.#db.transaction(() => ({ count: this.#merge(plan, binds), rows: [] }))()
  }

  #merge(plan: MergePlan, binds: Bound): number {
    const seen = new Set<unknown>()
    let count = 0
    for (const row of this.#compile(plan.join).raw(true).all(binds) as Stored[][]) {
      const values: Bound = { ...binds }
      for (let i = 0; i < plan.width; i++) values[`m${i}`] = row[i] ?? null
      const rid = row[plan.width] as unknown as number | null
      if (rid === null) {
        if (plan.insert !== undefined) count += this.#compile(plan.insert).run(values).changes
        continue
      }
      if (plan.update === undefined) continue
      if (seen.has(rid)) throw new OraError(30926, 'unable to get a stable set of rows in the source tables')
      seen.add(rid)
      count += this.#compile(plan.update).run({ ...values, rid }).changes
    }
    return count
  }

  /** Does the statement again with the check put off, looks which key is broken, and undoes it. */
  #brokenReference(plan: DmlPlan | MergePlan, binds: Bound): ReturnType<typeof referencing>[number] | undefined {
    const own = plan.table.constraints
      .filter(one => one.kind === 'R')
      .map(constraint => ({ table: plan.table, constraint }))
    const candidates = [
      ...own,
      ...referencing(this.#backend.catalog, plan.table).filter(one => one.table !== plan.table),
    ]
    if (candidates.length <= 1) return candidates[0]
    this.#db.pragma('defer_foreign_keys = ON')
    this.#db.exec('SAVEPOINT look')
    try {
      this.#one(plan, binds)
      const broken = this.#db.pragma('foreign_key_check') as { table: string; fkid: number }[]
      const hit = broken[0]
      const found = candidates.filter(one => one.table.physical === hit?.table)
      // The storage numbers a table's keys from the last one.
      const keys = found[0]?.table.constraints.filter(one => one.kind === 'R') ?? []
      const constraint = hit === undefined ? undefined : keys[keys.length - 1 - hit.fkid]
      return found.find(one => one.constraint.name === constraint?.name)
    } finally {
      this.#db.exec('ROLLBACK TO look; RELEASE look')
      this.#db.pragma('defer_foreign_keys = OFF')
    }
  }

  async #other(statement: Statement, signal: AbortSignal): Promise<void> {
    switch (statement.is) {
      case 'commit':
        return await this.commit()
      case 'rollback':
        if (statement.to === undefined) return await this.rollback()
        try {
          this.#db.exec(`ROLLBACK TO "${statement.to.replaceAll('"', '')}"`)
        } catch {
          throw new OraError(1086, `savepoint '${statement.to}' never established in this session or is invalid`)
        }
        return
      case 'savepoint':
        await this.#beginWriting(signal)
        this.#db.exec(`SAVEPOINT "${statement.name.replaceAll('"', '')}"`)
        return
      case 'setTransaction':
        if (this.inTransaction) throw new OraError(1453, 'SET TRANSACTION must be first statement of transaction')
        if (!statement.readOnly) return
        this.#db.exec('BEGIN')
        this.#db.prepare('SELECT count(*) FROM sqlite_schema').get()
        this.#reading = true
        return
      case 'setConstraints':
        this.#immediate = statement.immediate
        if (statement.immediate && this.#writing) this.#checkReferences()
        return
      case 'alterSession':
        for (const [name, value] of statement.settings) this.#set(name, value)
        return
      default:
        await this.#define(statement, signal)
    }
  }

  async #define(statement: Statement, signal: AbortSignal): Promise<void> {
    if (this.#reading)
      throw new OraError(1456, 'may not perform insert/delete/update operation inside a READ ONLY transaction')
    await this.commit()
    await this.#backend.writer.take(this, signal)
    try {
      this.#compiled.clear()
      runDdl(this.#db, statement as Parameters<typeof runDdl>[1], this.#environment([]))
      this.#backend.committed()
    } catch (error) {
      throw toOraError(error, { catalog: this.#backend.catalog, is: 'other', table: undefined })
    } finally {
      this.#backend.writer.give(this)
    }
  }

  #set(name: string, value: string): void {
    switch (name) {
      case 'NLS_DATE_FORMAT':
        this.#nls = { ...this.#nls, date: value }
        return
      case 'NLS_TIMESTAMP_FORMAT':
        this.#nls = { ...this.#nls, timestamp: value }
        return
      case 'NLS_TIMESTAMP_TZ_FORMAT':
        this.#nls = { ...this.#nls, zoned: value }
        return
      case 'TIME_ZONE':
        this.#state.timeZone = value
        return
      case 'CURRENT_SCHEMA':
        this.#state.schema = value
        return
    }
    const accepted = ACCEPTED[name]
    if (accepted === undefined) throw new OraError(2248, 'invalid option for ALTER SESSION')
    if (!accepted.includes(value.toUpperCase())) throw notUnderstood(`ALTER SESSION SET ${name}=${value}`)
  }

  async commit(): Promise<void> {
    if (this.#writing) {
      try {
        this.#db.exec('COMMIT')
      } catch (error) {
        const known =
          this.#brokenAtCommit() ?? toOraError(error, { catalog: this.#backend.catalog, is: 'other', table: undefined })
        await this.rollback()
        throw known.code === 2291 ? new OraError(2091, `transaction rolled back\n${known.text}`) : known
      }
      this.#backend.committed()
    } else if (this.#reading) this.#db.exec('COMMIT')
    this.#ended()
  }

  #brokenAtCommit(): OraError | undefined {
    try {
      this.#checkReferences()
      return undefined
    } catch (error) {
      return error instanceof OraError ? error : undefined
    }
  }

  async rollback(): Promise<void> {
    if (this.#db.inTransaction) this.#db.exec('ROLLBACK')
    this.#ended()
  }

  #ended(): void {
    this.#writing = false
    this.#reading = false
    this.#locking = false
    this.#immediate = false
    this.#backend.rows.give(this)
    this.#backend.writer.give(this)
  }

  async close(): Promise<void> {
    await this.rollback()
    this.#db.close()
  }

  #compile(sql: string): Database.Statement {
    let statement = this.#compiled.get(sql)
    if (statement === undefined) {
      statement = this.#db.prepare(sql)
      this.#compiled.set(sql, statement)
    }
    return statement
  }
}

function bound(values: readonly Stored[]): Bound {
  const binds: Bound = {}
  for (const [i, value] of values.entries()) binds[`p${i}`] = value === '' ? null : value
  return binds
}
