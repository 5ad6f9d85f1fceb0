import { RowError } from '../core/errors.js'
import type { Row, Value } from '../core/row.js'
import { keyText } from '../core/row.js'
import { withinTime } from '../core/time-limit.js'
import type { FunctionContext } from '../core/transform.js'
import type { RowPolicy } from '../spec/model.js'
import { compileExpression } from '../transforms/expression.js'
import { compileComparable } from './comparable.js'
import type { FieldEnv, FieldSteps, Step } from './field-program.js'
import { compileField } from './field-program.js'
import type { BatchOutcome, Reject, Stage } from './outcome.js'
import { Rejection } from './outcome.js'
import type { FieldPlan, ProgramPlan, ReadPlan } from './plan.js'
import type { Resolver, Resolvers, Resolving } from './resolve.js'
import { compileResolving } from './resolve.js'
import { soonestEnd, timed, timedPlaces, together } from './timed-program.js'

/** Knows which of the rows with equal values is kept. */
export interface Duplicates {
  /** The source key of the row that is kept in place of this one; undefined where this one is. */
  keptInstead(values: string, key: string): string | undefined
}

export interface ProgramEnv {
  readonly context: FunctionContext
  /** `$vars.*`, `$run.id`, `$run.started_at`, `$entity`, `$member`. */
  readonly constants: Readonly<Record<string, Value>>
  readonly resolvers: Resolvers
  /** Can the target's text hold U+0000? */
  readonly nulInText: boolean
  /** Does the target keep empty texts as null? */
  readonly emptyIsNull?: boolean
  /** The source's declared types prove nothing. */
  readonly looseSource: boolean
  /** Expressions run in the json-logic-js interpreter. */
  readonly reference?: boolean
  /** The entity's `on_error`. */
  readonly entityPolicy: RowPolicy
  /** Asked of every row that passes the filter, in read order, where the program has `dedupe`. */
  readonly duplicates?: Duplicates
}

/** Source rows in, target rows out. Compiled once per entity; not for concurrent use. */
export interface RowProgram {
  /** True: call {@link RowProgram.prefetch} with the same array before each run. */
  readonly needsPrefetch: boolean
  prefetch(rows: readonly Row[]): Promise<void>
  /** Adds to the outcome; never throws for a value. */
  run(rows: readonly Row[], out: BatchOutcome): void
}

/** Runs the rows from `from` to before `to`. */
export type RunRows = (rows: readonly Row[], out: BatchOutcome, from: number, to: number) => void

/** Compiles a program to closures. */
export function compileRowProgram(program: ProgramPlan, read: ReadPlan, env: ProgramEnv): RowProgram {
  const columns = [...read.columns.map(c => c.name), ...program.lets.map(l => l.name)]
  const width = read.columns.length
  /** Uses of `on_lossy` (field index) and of substitutes (its complement) in the row at hand, counted when it passes. */
  const pending: number[] = []
  const expressionEnv = {
    columns,
    constants: env.constants,
    context: env.context,
    reference: env.reference ?? false,
  }
  const lets = program.lets.map(l => compileExpression(l.rule, expressionEnv))
  // `!!` makes the outcome JSON Logic's own idea of truth, in which an empty array is false.
  const filter = program.filter === undefined ? undefined : compileExpression({ '!!': [program.filter] }, expressionEnv)
  const resolving: Resolving[] = []
  const plain: number[] = []
  const steps: Step[] = program.fields.map((field, i) => {
    const fieldEnv: FieldEnv = {
      ...expressionEnv,
      firstLet: width,
      nulInText: env.nulInText,
      emptyIsNull: env.emptyIsNull === true,
      looseSource: env.looseSource,
      entityPolicy: env.entityPolicy,
      onLoss: () => pending.push(i),
      onSubstitute: () => pending.push(~i),
    }
    if (field.lookup === undefined && field.ref === undefined) {
      const compiled = compileField(field, fieldEnv)
      plain.push(compiled.plain ?? -1)
      return join(compiled)
    }
    const resolved = compileResolving(field, fieldEnv, env.resolvers)
    resolving.push(resolved)
    plain.push(-1)
    return resolved.step
  })
  const valuesOf = program.dedupe === undefined ? undefined : compileComparable(program.dedupe.by, read)
  const nullableKeys = read.key.filter(index => read.columns[index]?.nullable === true)
  const scratch: unknown[] = new Array(columns.length).fill(null)
  let prefetched: readonly Row[] | undefined

  /** The row itself, or with `let` a frame that is used again for the next row. */
  function frameOf(row: Row): unknown[] {
    if (lets.length === 0) return row
    for (let i = 0; i < width; i++) scratch[i] = row[i]
    for (let i = 0; i < lets.length; i++) {
      try {
        scratch[width + i] = (lets[i] as (typeof lets)[0])(scratch)
      } catch (error) {
        throw failure(error, 'let', `let ${program.lets[i]?.name}`, env.entityPolicy)
      }
    }
    return scratch
  }

  function keep(frame: readonly unknown[]): boolean {
    if (filter === undefined) return true
    try {
      return filter(frame) === true
    } catch (error) {
      throw failure(error, 'filter', 'filter', env.entityPolicy)
    }
  }

  function keptInstead(frame: readonly unknown[], row: Row): string | undefined {
    if (valuesOf === undefined || env.duplicates === undefined) return undefined
    try {
      return env.duplicates.keptInstead(valuesOf(frame), keyText(read.key.map(index => row[index] ?? null)))
    } catch (error) {
      throw failure(error, 'let', 'dedupe', env.entityPolicy)
    }
  }

  function prepare(rows: readonly Row[]): void {
    for (const field of resolving) field.begin()
    for (let r = 0; r < rows.length; r++) {
      let frame: unknown[]
      try {
        frame = frameOf(rows[r] as Row)
      } catch {
        continue // the run finds the same failure and rejects the row
      }
      for (const field of resolving) field.prepare(frame, r)
    }
  }

  const runRows: RunRows = (rows, out, from, to) => {
    const count = steps.length
    pending.length = 0
    for (let r = from; r < to; r++) {
      const row = rows[r] as Row
      let i = -1
      try {
        for (const index of nullableKeys) {
          if (row[index] === null) throw new Rejection('key', env.entityPolicy, 'E422', 'key is null')
        }
        const frame = frameOf(row)
        if (!keep(frame)) {
          out.filtered++
          continue
        }
        const kept = keptInstead(frame, row)
        if (kept !== undefined) {
          out.duplicates.push({ row: r, kept })
          continue
        }
        const target: Row = new Array(count)
        for (i = 0; i < count; i++) {
          const index = plain[i] as number
          target[i] = index >= 0 ? (row[index] as Value) : (steps[i] as Step)(frame, r)
        }
        out.rows.push(target)
        out.sources.push(r)
        if (pending.length > 0) settle(pending, program.fields, out)
      } catch (error) {
        pending.length = 0
        out.rejects.push(rejectOf(error, r, program.fields[i]?.target))
      }
    }
  }
  const places = timedPlaces(program)
  const once = program.dedupe !== undefined
  const soonest = soonestEnd(program)
  const grouped = once || soonest === undefined ? runRows : together(runRows, soonest)
  const run = places.length === 0 ? grouped : timed(grouped, places, env.entityPolicy, once)

  return {
    needsPrefetch: resolving.length > 0,

    async prefetch(rows) {
      prefetched = undefined
      if (soonest === undefined || !withinTime(soonest, () => prepare(rows))) prepare(rows)
      const wanted = new Map<Resolver, Map<string, readonly Value[]>>()
      for (const field of resolving) {
        const keys = wanted.get(field.resolver) ?? new Map<string, readonly Value[]>()
        wanted.set(field.resolver, keys)
        field.collect(keys)
      }
      for (const [resolver, keys] of wanted) await resolver.prefetch([...keys.values()])
      prefetched = rows
    },

    run(rows, out) {
      if (resolving.length > 0 && prefetched !== rows) throw new TypeError('prefetch was not called with these rows')
      run(rows, out, 0, rows.length)
    },
  }
}

/** Steps 1 to 3 and 5 to 7 of a field without look-up or ref. */
function join({ value, map, finish, invalid }: FieldSteps): Step {
  return frame => {
    let result: Value
    try {
      result = value(frame)
    } catch (error) {
      return invalid('transform', error)
    }
    return finish(result === null || map === undefined ? result : map(result))
  }
}

function failure(error: unknown, stage: Stage, place: string, policy: RowPolicy): unknown {
  return error instanceof RowError ? new Rejection(stage, policy, error.code, `${place}: ${error.message}`) : error
}

function rejectOf(error: unknown, row: number, field: string | undefined): Reject {
  if (!(error instanceof Rejection)) throw error
  const { stage, code, message, policy } = error
  return { row, stage, code, message, policy, ...(field === undefined ? {} : { field }) }
}

function settle(pending: number[], fields: readonly FieldPlan[], out: BatchOutcome): void {
  for (const use of pending) {
    const counts = use >= 0 ? out.losses : out.substituted
    const { target } = fields[use >= 0 ? use : ~use] as FieldPlan
    counts.set(target, (counts.get(target) ?? 0) + 1)
  }
  pending.length = 0
}
