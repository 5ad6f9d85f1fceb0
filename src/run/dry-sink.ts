import type { KeySet } from '../connectors/sqlite/key-set.js'
import type { ErrorCode } from '../core/codes.js'
import type { Session } from '../core/connector.js'
import { keyText, type Row, type Value } from '../core/row.js'
import type { EntityPlan } from '../plan/plan.js'
import type { RunContext } from './context.js'
import type { DryKeys } from './dry-keys.js'
import { type PreparedBatch, rejectRecord } from './prepared-batch.js'
import { existing } from './select-keys.js'
import { type BatchResult, batchCounts, type Sink, type Written } from './sink.js'

interface UniqueCheck {
  readonly name: string
  readonly columns: readonly string[]
  /** Positions of the columns in a target row. */
  readonly indexes: readonly number[]
  readonly seen: KeySet
  /** The key that decides "the same row". */
  readonly isMatch: boolean
}

interface ReferenceCheck {
  readonly field: string
  readonly index: number
  readonly table: EntityPlan['write']['table']
  readonly column: string
}

/**
 * The end of a dry run: every row is held against the target's unique keys and references, against the rows that are
 * there and those this run would have written, and goes no further. Only reads.
 */
export class DrySink implements Sink {
  readonly #context: RunContext
  readonly #entity: EntityPlan
  readonly #keys: DryKeys
  readonly #admit: (result: BatchResult) => void
  #uniques: readonly UniqueCheck[] | undefined
  readonly #references: readonly ReferenceCheck[]

  constructor(context: RunContext, entity: EntityPlan, keys: DryKeys, admit: (result: BatchResult) => void) {
    this.#context = context
    this.#entity = entity
    this.#keys = keys
    this.#admit = admit
    const { columns, foreignKeys } = entity.write
    const refs = new Set(entity.program.fields.filter(field => field.ref !== undefined).map(field => field.target))
    this.#references = foreignKeys.flatMap(fk => {
      const column = fk.columns[0] ?? ''
      const index = columns.findIndex(candidate => candidate.name === column)
      // A ref was resolved already, and a generated key it stands for is not known before a real run.
      if (fk.columns.length !== 1 || index < 0 || refs.has(column)) return []
      return [{ field: column, index, table: fk.references, column: fk.referencedColumns[0] ?? '' }]
    })
  }

  async write(batch: PreparedBatch, busy: () => void = () => {}): Promise<BatchResult> {
    const checking = this.#context.targets.ask(session => this.#check(session, batch))
    busy()
    const written = await checking
    const result = { counts: batchCounts(batch, written), rejects: [...batch.rejects, ...written.rejects] }
    this.#admit(result)
    if (this.#entity.keepsIdentity) {
      const failed = new Set(written.rejects.map(reject => reject.key))
      const keys = (batch.keys ?? []).filter(key => !failed.has(key))
      await this.#keys.addSource(this.#entity.name, keys)
    }
    return result
  }

  async close(): Promise<void> {}

  async #prepare(): Promise<readonly UniqueCheck[]> {
    const { write } = this.#entity
    const position = new Map(write.columns.map((column, i) => [column.name, i]))
    const all = [{ name: 'primary key', columns: write.primaryKey }, ...write.uniques]
    const checks: UniqueCheck[] = []
    for (const unique of all) {
      const indexes = unique.columns.map(column => position.get(column) ?? -1)
      if (indexes.length === 0 || indexes.includes(-1)) continue
      checks.push({
        ...unique,
        indexes,
        seen: await this.#keys.open(write.table, unique.columns),
        isMatch: sameNames(unique.columns, write.match),
      })
    }
    return checks
  }

  async #check(session: Session, batch: PreparedBatch): Promise<Written> {
    this.#uniques ??= await this.#prepare()
    const written: Written = { inserted: 0, updated: 0, skipped: 0, rejects: [] }
    const rows = batch.kept?.rows ?? []
    const present = await this.#present(session, rows)
    const referenced = await this.#referenced(session, rows)
    const faults: [number, Fault][] = []
    rows.forEach((row, i) => {
      const fault = this.#orphan(row, referenced) ?? this.#decide(row, present, written)
      if (fault !== undefined) faults.push([batch.sources?.[i] ?? i, fault])
    })
    if (faults.length === 0) return written
    const sources = await batch.reread()
    for (const [source, fault] of faults) {
      const why = { stage: 'constraint' as const, ...fault }
      const { read, onError } = this.#entity
      written.rejects.push(rejectRecord(read, source, sources[source] ?? [], why, onError, true))
    }
    return written
  }

  /** Sorts the row into inserted, updated or skipped, or says what is wrong with it. */
  #decide(row: Row, present: ReadonlyMap<UniqueCheck, ReadonlySet<string>>, written: Written): Fault | undefined {
    const { mode, match } = this.#entity.write
    let there = false
    let clash: UniqueCheck | undefined
    for (const check of this.#uniques ?? []) {
      const values = check.indexes.map(index => row[index] ?? null)
      if (values.includes(null)) continue
      const key = keyText(values)
      const taken = (present.get(check)?.has(key) ?? false) || check.seen.has(key)
      if (check.isMatch) there = taken
      if (taken && (mode === 'insert' || !check.isMatch)) clash ??= check
    }
    if (mode === 'ignore' && there) {
      written.skipped++
      return undefined
    }
    if (mode === 'update') {
      if (!there) return { code: 'E416', message: `no row of the target has this ${match.join(', ')}` }
      written.updated++
      return undefined
    }
    // A changed row may keep its own other unique values: only new rows can be told to clash.
    if (clash !== undefined && !(mode === 'upsert' && there)) {
      const code: ErrorCode = clash.isMatch ? 'E415' : 'E417'
      return {
        code,
        message: `a row with this ${clash.columns.join(', ')} exists already`,
        field: clash.columns[0] ?? '',
      }
    }
    for (const check of this.#uniques ?? []) check.seen.addNew(keyText(check.indexes.map(index => row[index] ?? null)))
    if (there) written.updated++
    else written.inserted++
    return undefined
  }

  #orphan(row: Row, referenced: ReadonlyMap<ReferenceCheck, ReadonlySet<string>>): Fault | undefined {
    for (const check of this.#references) {
      const value = row[check.index] ?? null
      if (value === null) continue
      const key = keyText([value])
      if (referenced.get(check)?.has(key) || this.#keys.has(check.table, [check.column], key)) continue
      return { code: 'E418', field: check.field, message: `${check.table.table}.${check.column} has no such row` }
    }
    return undefined
  }

  async #present(session: Session, rows: readonly Row[]): Promise<Map<UniqueCheck, Set<string>>> {
    const { write } = this.#entity
    const found = new Map<UniqueCheck, Set<string>>()
    if (write.create || write.replace) return found
    for (const check of this.#uniques ?? []) {
      const keys = rows
        .map(row => check.indexes.map(index => row[index] ?? null))
        .filter(values => !values.includes(null))
      found.set(check, await existing(session, this.#context.target, write.table, check.columns, keys))
    }
    return found
  }

  async #referenced(session: Session, rows: readonly Row[]): Promise<Map<ReferenceCheck, Set<string>>> {
    const found = new Map<ReferenceCheck, Set<string>>()
    for (const check of this.#references) {
      const values = new Map<string, Value[]>()
      for (const row of rows) {
        const value = row[check.index] ?? null
        if (value !== null && !this.#keys.has(check.table, [check.column], keyText([value])))
          values.set(keyText([value]), [value])
      }
      found.set(check, await existing(session, this.#context.target, check.table, [check.column], [...values.values()]))
    }
    return found
  }
}

interface Fault {
  readonly code: ErrorCode
  readonly message: string
  readonly field?: string
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every(name => b.includes(name))
}
