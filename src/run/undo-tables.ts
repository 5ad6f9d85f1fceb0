import type { Column, Table, TableRef } from '../core/catalog.js'
import type { Capabilities, Database, ReadColumn, Session } from '../core/connector.js'
import { quoteName, quoteNames, quoteTable } from '../core/sql.js'
import type { EntityPlan, WritePlan } from '../plan/plan.js'
import type { PipelineSpec } from '../spec/model.js'
import type { CanonicalSpec } from './canonical-rows.js'
import type { RunContext } from './context.js'
import type { ChunkRef, Ledger, Pass } from './ledger.js'
import { retried } from './retried.js'
import { canonicalColumns } from './row-marks.js'
import { runStep } from './steps.js'
import type { UndoTable } from './undo-record.js'
import { UndoRecorder } from './undo-recorder.js'

interface Known {
  readonly head: UndoTable
  readonly columns: readonly ReadColumn[]
  /** Batches need not be read back: what is written is what the target holds then. */
  readonly asWritten: boolean
  /** A generated key that nobody asks for, without which the rows could not be found again. */
  readonly returning: Column | undefined
}

/** What a run notes so that it can be taken back: of each table how it was, of each batch what it did. */
export class UndoTables {
  readonly #ledger: Ledger
  readonly #known = new Map<string, Known>()
  readonly #writes = new WeakMap<WritePlan, WritePlan>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /**
   * Undefined where nothing is to be noted, or nowhere to note it.
   *
   * @param wanted whatever the file says
   */
  static of(
    spec: PipelineSpec,
    { connector: { capabilities } }: Database,
    ledger: Ledger | undefined,
    wanted?: boolean,
  ): UndoTables | undefined {
    const on = wanted ?? (spec.undo || spec.onFailure === 'undo')
    return !on || capabilities.files === true || ledger === undefined ? undefined : new UndoTables(ledger)
  }

  /** Notes how the tables are before the first row; a run that goes on reads what was noted then. */
  async prepare(context: RunContext): Promise<void> {
    const { plan, runId, targets, target } = context
    await this.#forgetOlder(context)
    const noted = await again(context, () => targets.ask(session => this.#ledger.undo.tables(session, runId)))
    for (const [position, entity] of plan.entities.entries()) {
      const table = await again(context, () => target.table(entity.write.table))
      if (table === undefined) continue
      let head = noted.get(entity.name)
      if (head === undefined) {
        head = await again(context, () => this.#look(context, position, entity, table))
        const now = head
        for (const [copy, of] of copies(now, this.#ledger.undo.identityTable())) {
          await retried(context, entity.name, () => makeCopy(context, copy, of))
        }
        await runStep(context, entity.name, 'undo', 0, session =>
          this.#ledger.undo.insertTable(session, runId, entity.name, now),
        )
      }
      this.#known.set(entity.name, known(head, table, entity.write))
    }
  }

  /** Reads what the process that has the run has noted: another one does chunks of it. */
  async join(context: RunContext): Promise<void> {
    const { plan, runId, targets, target } = context
    const noted = await again(context, () => targets.ask(session => this.#ledger.undo.tables(session, runId)))
    for (const entity of plan.entities) {
      const head = noted.get(entity.name)
      const table = head === undefined ? undefined : await again(context, () => target.table(entity.write.table))
      if (head !== undefined && table !== undefined) this.#known.set(entity.name, known(head, table, entity.write))
    }
  }

  /** Copies the rows of a table that is emptied next; undefined where nothing is kept. */
  async keep(session: Session, context: RunContext, entity: EntityPlan): Promise<number | undefined> {
    const head = this.#known.get(entity.name)?.head
    if (head === undefined) return undefined
    const { dialect } = context.target.connector.capabilities
    const copy = async (to: TableRef, from: TableRef, columns: string, where: string): Promise<number> => {
      await session.execute(`delete from ${quoteTable(dialect, to)}`)
      const select = `select ${columns} from ${quoteTable(dialect, from)}${where}`
      return session.execute(`insert into ${quoteTable(dialect, to)} (${columns}) ${select}`)
    }
    if (head.keptIdentities !== undefined) {
      const is = (name: string, value: string) => `${quoteName(dialect, name)} = '${value.replaceAll("'", "''")}'`
      const where = ` where ${is('pipeline', context.plan.pipeline)} and ${is('entity', entity.name)}`
      const columns = quoteNames(dialect, IDENTITY_COLUMNS)
      await copy(head.keptIdentities, this.#ledger.undo.identityTable(), columns, where)
    }
    return head.kept === undefined ? undefined : copy(head.kept, head.table, quoteNames(dialect, head.columns), '')
  }

  /** The plan that an entity's pass is written by: keys that the database makes are asked for where they are needed here. */
  write(entity: string, pass: Pass, plan: WritePlan): WritePlan {
    const returning = pass === 'load' ? this.#known.get(entity)?.returning : undefined
    if (returning === undefined) return plan
    let write = this.#writes.get(plan)
    if (write === undefined) {
      write = { ...plan, returning }
      this.#writes.set(plan, write)
    }
    return write
  }

  /** Indexes into the written columns of the key that batches must bring along; empty where they need not. */
  keyOf(entity: string, pass: Pass, write: WritePlan): readonly number[] {
    const head = this.#known.get(entity)?.head
    if (head === undefined || head.whole) return []
    const indexes = head.key[pass].map(name => write.columns.findIndex(column => column.name === name))
    return indexes.includes(-1) ? [] : indexes
  }

  /** What batches make the marks of their rows of; undefined where rows have versions, or are read back. */
  marksOf(
    entity: string,
    pass: Pass,
    write: WritePlan,
    { rowVersion, signedZero }: Capabilities,
  ): CanonicalSpec | undefined {
    const known = this.#known.get(entity)
    if (known === undefined || pass === 'defer' || !known.asWritten || rowVersion !== undefined) return undefined
    const { head, columns } = known
    const index = (name: string): number => write.columns.findIndex(column => column.name === name)
    return canonicalColumns(head.written, columns, signedZero === true, index)
  }

  recorder(ref: ChunkRef, write: WritePlan, { rowVersion, signedZero }: Capabilities): UndoRecorder | undefined {
    const known = this.#known.get(ref.entity)
    if (known === undefined) return undefined
    const { head: table, columns } = known
    const capable = { version: rowVersion?.column, signedZero: signedZero === true }
    return new UndoRecorder({ ledger: this.#ledger, ref, write, table, columns, ...capable })
  }

  /**
   * What older runs noted goes: it grows with each run, and they could only be taken back after all later ones. Runs that
   * wrote nothing push out none.
   */
  async #forgetOlder(context: RunContext): Promise<void> {
    const { plan, runId, targets } = context
    const noted = await again(context, () => targets.ask(session => this.#ledger.undo.noted(session)))
    const runs = await again(context, () => targets.ask(session => this.#ledger.runs.all(session, plan.pipeline)))
    const before = runs.filter(run => run.runId !== runId && noted.has(run.runId))
    const oldest = before.filter(run => noted.get(run.runId)).at(-KEPT_RUNS)
    for (const run of oldest === undefined ? [] : before.slice(0, before.indexOf(oldest))) {
      await again(context, () => this.#forget(context, run.runId))
    }
  }

  async #forget({ targets, target }: RunContext, runId: string): Promise<void> {
    const { dialect } = target.connector.capabilities
    const heads = await targets.ask(session => this.#ledger.undo.tables(session, runId))
    for (const { kept, keptIdentities } of heads.values()) {
      for (const copy of [kept, keptIdentities]) {
        if (copy === undefined || (await target.table(copy)) === undefined) continue
        await targets.write(session => session.execute(`drop table ${quoteTable(dialect, copy)}`))
      }
    }
    await targets.write(session => this.#ledger.undo.forget(session, runId))
  }

  async #look(context: RunContext, position: number, entity: EntityPlan, table: Table): Promise<UndoTable> {
    const { write, deferred } = entity
    const { plan, runId, target } = context
    const rows =
      !write.create && (await context.targets.ask(session => this.#ledger.undo.hasRows(session, write.table)))
    const empty = !rows || write.replace
    const versioned = target.connector.capabilities.rowVersion !== undefined
    const alone = (): boolean =>
      !plan.entities.some(other => other !== entity && sameTable(other.write.table, write.table))
    const name = `etl_kept_${runId}_${position}`
    return {
      position,
      table: write.table,
      created: write.create,
      empty,
      whole: empty && versioned && write.mode === 'insert' && deferred === undefined && alone(),
      key: { load: loadKey(write, table), defer: deferred?.write.match ?? [] },
      columns: stored(table).map(column => column.name),
      written: write.columns.map(column => column.name),
      ...(rows && write.replace ? { kept: this.#ledger.undo.keptTable(name) } : {}),
      ...(write.replace && entity.keepsIdentity ? { keptIdentities: this.#ledger.undo.keptTable(`${name}_id`) } : {}),
    }
  }
}

/** Each question on its own: what one has found out is not lost with the connection of the next. */
function again<T>(context: RunContext, work: () => Promise<T>): Promise<T> {
  return retried(context, '$pipeline', work)
}

/** Runs before the one at hand that can still be taken back. */
const KEPT_RUNS = 3

export const IDENTITY_COLUMNS = ['pipeline', 'entity', 'source_key', 'target_key', 'run_id'] as const

/** What identifies a row that is written: the match, or for `insert` a key whose values are known then. */
function loadKey(write: WritePlan, table: Table): readonly string[] {
  if (write.mode !== 'insert') return write.match
  const written = new Set(write.columns.map(column => column.name))
  const known = (names: readonly string[]): boolean => names.length > 0 && names.every(name => written.has(name))
  if (known(table.primaryKey)) return table.primaryKey
  const required = new Set(table.columns.filter(column => !column.nullable).map(column => column.name))
  const unique = table.uniques.find(({ columns }) => known(columns) && columns.every(name => required.has(name)))
  if (unique !== undefined) return unique.columns
  return generatedKey(table) === undefined ? [] : table.primaryKey
}

/** The only column of the primary key, where the database makes it. */
function generatedKey({ primaryKey, columns }: Table): Column | undefined {
  const column = primaryKey.length === 1 ? columns.find(({ name }) => name === primaryKey[0]) : undefined
  return column?.generated === 'always' || column?.generated === 'default' ? column : undefined
}

function known(head: UndoTable, table: Table, write: WritePlan): Known {
  const columns = head.columns.flatMap((name): ReadColumn[] => {
    const column = table.columns.find(candidate => candidate.name === name)
    return column === undefined ? [] : [{ name, type: column.type, decode: false }]
  })
  const [key] = head.key.load
  const asked =
    write.mode === 'insert' &&
    write.returning === undefined &&
    !head.whole &&
    key !== undefined &&
    head.key.load.length === 1
  const unwritten = asked && write.columns.every(column => column.name !== key)
  const ofKey = columns.filter(({ name }) => head.key.load.includes(name))
  return {
    head,
    columns,
    asWritten:
      write.mode === 'insert' &&
      ofKey.length > 0 &&
      ofKey.every(({ type }) => EXACT.has(type.kind)) &&
      (table.triggers ?? []).length === 0,
    returning: unwritten ? generatedKey(table) : undefined,
  }
}

/** Types of keys that find their row in the form in which they were written. */
const EXACT: ReadonlySet<string> = new Set(['integer', 'text', 'uuid', 'bytes', 'date'])

/** Columns with values of their own. */
function stored(table: Table): readonly Column[] {
  return table.columns.filter(column => column.pseudo !== true && column.generated !== 'stored')
}

function sameTable(a: TableRef, b: TableRef): boolean {
  return a.schema === b.schema && a.table === b.table
}

function copies(head: UndoTable, identities: TableRef): readonly (readonly [TableRef, Copied])[] {
  return [
    ...(head.kept === undefined ? [] : [[head.kept, { table: head.table, columns: head.columns }] as const]),
    ...(head.keptIdentities === undefined
      ? []
      : [[head.keptIdentities, { table: identities, columns: IDENTITY_COLUMNS }] as const]),
  ]
}

interface Copied {
  readonly table: TableRef
  readonly columns: readonly string[]
}

/** An empty table like another one; outside of a transaction, which some databases would end there. */
async function makeCopy({ target, targets }: RunContext, copy: TableRef, { table, columns }: Copied): Promise<void> {
  if ((await target.table(copy)) !== undefined) return
  const { dialect } = target.connector.capabilities
  const select = `select ${quoteNames(dialect, columns)} from ${quoteTable(dialect, table)} where 1 = 0`
  await targets.write(session => session.execute(`create table ${quoteTable(dialect, copy)} as ${select}`))
}
