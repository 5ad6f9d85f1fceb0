import { formatTable, type Table } from '../core/catalog.js'
import type { Value } from '../core/row.js'
import type { Databases } from '../plan/open.js'
import type { EntityPlan, FieldPlan, Plan, ProgramPlan, ReadPlan } from '../plan/plan.js'
import { compileRowProgram } from '../plan/row-program.js'
import { environmentOf } from '../run/environment.js'

/** Rows of an entity that rows of another need, by columns of its source. */
export interface Demand {
  readonly entity: string
  readonly columns: readonly string[]
  readonly keys: readonly (readonly Value[])[]
}

/** What rows that were read ask of other entities. */
export type AskedBy = (rows: readonly (readonly Value[])[]) => Promise<readonly Demand[]>

/** One way over an entity's rows, and what they ask for. */
export interface Links {
  readonly read: ReadPlan
  readonly askedBy: AskedBy
}

/** An entity asks by its `ref`s, and by columns that the source's or the target's foreign keys are about. */
export async function linksOf(plan: Plan, entity: EntityPlan, databases: Databases): Promise<readonly Links[]> {
  const passes = [entity, ...(entity.deferred === undefined ? [] : [entity.deferred])]
  const links: Links[] = []
  for (const { read, program } of passes) {
    const copied = [...(await sourceKeys(plan, read, databases)), ...targetKeys(plan, entity, read)]
    const asks: AskedBy[] = [refs(plan, entity, read, program, databases), ...copied.map(each => copies(each))]
    links.push({ read, askedBy: async rows => (await Promise.all(asks.map(ask => ask(rows)))).flat() })
  }
  return links
}

/** The mapping itself works out which keys its refs ask for. */
function refs(plan: Plan, entity: EntityPlan, read: ReadPlan, program: ProgramPlan, databases: Databases): AskedBy {
  // A computed ref would ask for the key in the target; what is wanted here is the one in the source.
  const fields = program.fields.flatMap((field): FieldPlan[] =>
    field.ref === undefined
      ? []
      : [{ ...field, ref: { entity: field.ref.entity, onMissing: field.ref.onMissing, kind: 'identity' } }],
  )
  const asked = new Map<string, (readonly Value[])[]>()
  const context = {
    plan,
    runId: '00000000',
    startedAt: '1970-01-01T00:00:00Z',
    ...databases,
    logic: 'compiled' as const,
  }
  const compiled = compileRowProgram({ lets: program.lets, fields }, read, {
    ...environmentOf(context, entity, read),
    resolvers: {
      lookup: () => ({ prefetch: async () => undefined, get: () => undefined }),
      ref: ({ entity: name }) => ({
        prefetch: async keys => void asked.set(name, [...(asked.get(name) ?? []), ...keys]),
        get: () => undefined,
      }),
    },
  })
  return async rows => {
    asked.clear()
    if (fields.length > 0) await compiled.prefetch(rows.map(row => [...row]))
    return [...asked].map(([name, keys]) => ({ entity: name, columns: keyOf(plan, name), keys }))
  }
}

function keyOf(plan: Plan, name: string): readonly string[] {
  const read = plan.entities.find(entity => entity.name === name)?.read
  return read?.key.map(index => read.columns[index]?.name ?? '') ?? []
}

/** Columns of the rows read, and those of the other entity's source that hold the same values. */
interface Copied {
  readonly entity: string
  readonly columns: readonly string[]
  readonly indexes: readonly number[]
}

function copies({ entity, columns, indexes }: Copied): AskedBy {
  return async rows => [{ entity, columns, keys: rows.map(row => indexes.map(index => row[index] ?? null)) }]
}

/** Foreign keys between tables that entities read. */
async function sourceKeys(plan: Plan, read: ReadPlan, databases: Databases): Promise<readonly Copied[]> {
  const { from } = read
  if (from.kind !== 'table') return []
  const table = await databases.sources.get(from.source)?.table(from.table)
  const found: Copied[] = []
  for (const { columns, references, referencedColumns } of table?.foreignKeys ?? []) {
    const indexes = columns.map(name => read.columns.findIndex(column => column.name === name))
    if (indexes.includes(-1)) continue
    for (const other of plan.entities) {
      if (other.read.from.kind !== 'table' || other.read.from.source !== from.source) continue
      if (!sameTable(other.read.from.table, references)) continue
      found.push({ entity: other.name, columns: referencedColumns, indexes })
    }
  }
  return found
}

function sameTable(asked: Pick<Table, 'schema' | 'table'>, found: Pick<Table, 'schema' | 'table'>): boolean {
  return asked.schema === undefined ? asked.table === found.table : formatTable(asked) === formatTable(found)
}

/** Foreign keys of the target whose columns are plain copies on both sides. */
function targetKeys(plan: Plan, entity: EntityPlan, read: ReadPlan): readonly Copied[] {
  return entity.write.foreignKeys.flatMap(({ columns, references, referencedColumns }) => {
    const indexes = columns.map(name => copiedFrom(entity, name)).map(name => place(read, name))
    if (indexes.includes(-1)) return []
    return plan.entities.flatMap(other => {
      if (!sameTable(other.write.table, references)) return []
      const names = referencedColumns.map(name => copiedFrom(other, name))
      return names.some(name => name === undefined) ? [] : [{ entity: other.name, columns: names.map(String), indexes }]
    })
  })
}

/** The source column that the target's column is a copy of. */
function copiedFrom({ program, read }: EntityPlan, target: string): string | undefined {
  const field = program.fields.find(each => each.target === target)
  if (field === undefined || field.input.kind !== 'columns' || field.input.indexes.length !== 1) return undefined
  if (field.apply.length > 0 || field.map !== undefined || field.lookup !== undefined || field.ref !== undefined)
    return undefined
  return read.columns[field.input.indexes[0] ?? -1]?.name
}

function place(read: ReadPlan, name: string | undefined): number {
  return read.columns.findIndex(column => column.name === name)
}
