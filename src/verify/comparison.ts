import type { Column } from '../core/catalog.js'
import type { LogicalType } from '../core/types.js'
import type { EntityPlan, FieldPlan, ProgramPlan, ReadPlan, WritePlan } from '../plan/plan.js'
import type { CanonicalSpec } from '../run/canonical-rows.js'
import { environmentOf } from '../run/environment.js'
import type { ProduceJob } from '../run/produce-job.js'
import { writeSpec } from '../run/writers.js'
import type { VerifyContext } from './context.js'
import { stepOf, whyUnknown } from './fields.js'
import { type RowKey, rowKey } from './key.js'

/** Two jobs whose rows must be the same lines: what the mapping makes of the source, and what the target has. */
export interface Comparison {
  readonly entity: EntityPlan
  /** The second one fills the deferred columns of rows that the first one wrote. */
  readonly pass: 'load' | 'defer'
  readonly key: RowKey
  /** Of a line, the key's first. */
  readonly columns: readonly Column[]
  readonly steps: ReadonlyMap<string, string>
  readonly notVerifiable: readonly { readonly column: string; readonly why: string }[]
  readonly expected: ProduceJob
  readonly actual: ProduceJob
}

/** Small batches are garbage soon: what outlives them for long is kept until much of it has come. */
const BATCH_ROWS = 1000
/** Equal types: the values pass as they are. */
const UNTOUCHED: LogicalType = { kind: 'bytes' }

/**
 * @param leaveOut source keys of rows that the run rejected
 * @param retried a retry has loaded some of them
 */
export async function planComparison(
  context: VerifyContext,
  entity: EntityPlan,
  pass: Comparison['pass'],
  leaveOut: ReadonlySet<string>,
  retried: boolean,
): Promise<Comparison> {
  const part = pass === 'defer' && entity.deferred !== undefined ? entity.deferred : entity
  const { write, program } = part
  const read = context.run === undefined ? part.read : await context.windows.within(entity, part.read)
  const pairs = write.columns.map((column, i) => ({ column, field: program.fields[i] as FieldPlan }))
  const otherRun =
    context.run === undefined
      ? 'without a ledger nothing says which run it was'
      : retried
        ? 'rows that a retry has loaded hold what it was'
        : undefined
  const notVerifiable = pairs.flatMap(({ column, field }) => {
    const why = whyUnknown(context.plan, part, field, column, otherRun)
    return why === undefined ? [] : [{ column: column.name, why }]
  })
  const usable = new Set(write.columns.map(({ name }) => name))
  for (const { column } of notVerifiable) usable.delete(column)
  const { files, signedZero } = context.target.connector.capabilities
  const known = rowKey(pass === 'defer' ? deferredEntity(entity, write) : entity, usable, context.ledger !== undefined)
  // Files have their own order.
  const key: RowKey = files === true ? { ...known, unique: false } : known
  const columns = [
    ...key.columns,
    ...write.columns.filter(({ name }) => usable.has(name) && key.columns.every(column => column.name !== name)),
  ]
  const withKey = key.kind === 'identity' ? identityProgram(program, read, entity, key.columns[0] as Column) : program
  const made = [...write.columns.map(({ name }) => name), ...(key.kind === 'identity' ? [key.columns[0]?.name] : [])]
  const canonical = (index: (name: string) => number): CanonicalSpec => ({
    columns: columns.map(({ name, type }) => ({
      index: index(name),
      type,
      signedZero: signedZero === true,
      ...(files === true ? { textOnly: true } : {}),
    })),
  })
  const { limit } = context.run?.options ?? {}
  return {
    entity,
    pass,
    key,
    columns,
    steps: new Map([
      ...key.columns.map(({ name }) => [name, 'the key'] as const),
      ...pairs.map(({ column, field }) => [column.name, stepOf(field)] as const),
    ]),
    notVerifiable,
    expected: {
      ...common(context, write),
      read,
      program: withKey,
      canonical: canonical(name => made.indexOf(name)),
      environment: environmentOf(context, entity, read),
      ...(entity.dedupe === undefined ? {} : { dedupe: entity.dedupe }),
      ...(limit === undefined ? {} : { limit }),
      findBy: pass === 'defer' ? write.match : [],
      leaveOut,
    },
    actual: {
      ...common(context, write),
      ...actualRows(write, columns, key, files === true ? write.columns : columns),
      canonical: canonical(name => columns.findIndex(column => column.name === name)),
      environment: {
        ...environmentOf(context, entity, read),
        nulInText: true,
        emptyIsNull: false,
        looseSource: false,
        entityPolicy: 'fail',
      },
      findBy: [],
      leaveOut: new Set(),
    },
  }
}

function common(
  context: VerifyContext,
  write: WritePlan,
): Pick<
  ProduceJob,
  'write' | 'target' | 'batchRows' | 'firstBatch' | 'keepValues' | 'keepKeys' | 'keepRows' | 'targetKey'
> {
  return {
    write: writeSpec(write),
    target: context.pipeline.spec.target,
    batchRows: BATCH_ROWS,
    firstBatch: 1,
    keepValues: false,
    keepKeys: false,
    keepRows: false,
    targetKey: [],
  }
}

function deferredEntity(entity: EntityPlan, write: WritePlan): EntityPlan {
  return { ...entity, keepsIdentity: false, write: { ...write, primaryKey: entity.write.primaryKey } }
}

/** One field more: the key that the database gave the row, by the ledger. */
function identityProgram(program: ProgramPlan, read: ReadPlan, entity: EntityPlan, key: Column): ProgramPlan {
  const field: FieldPlan = {
    target: key.name,
    input: { kind: 'columns', indexes: read.key, names: read.key.map(index => read.columns[index]?.name ?? '') },
    apply: [],
    ref: { entity: entity.name, onMissing: 'null', kind: 'identity' },
    castFrom: { kind: 'any' },
    castTo: key.type,
    required: false,
  }
  return { ...program, fields: [...program.fields, field] }
}

/**
 * The rows of the target as they are, in the order of a key that has one.
 *
 * @param read the columns in the order in which they are read
 */
function actualRows(
  write: WritePlan,
  columns: readonly Column[],
  key: RowKey,
  read: readonly Column[],
): Pick<ProduceJob, 'read' | 'program'> {
  return {
    read: {
      from: { kind: 'table', source: '$target', table: write.table },
      columns: read.map(({ name, type, native, nullable }) => ({ name, type, native, nullable, decode: false })),
      order: key.unique ? key.columns.map((_, i) => i) : [],
      key: [],
    },
    program: {
      lets: [],
      fields: columns.map(({ name }) => ({
        target: name,
        input: { kind: 'columns', indexes: [read.findIndex(column => column.name === name)], names: [name] },
        apply: [],
        castFrom: UNTOUCHED,
        castTo: UNTOUCHED,
        required: false,
      })),
    },
  }
}
