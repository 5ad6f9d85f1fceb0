import { EtlError } from '../core/errors.js'
import { withinTime } from '../core/time-limit.js'
import type { TransformFunction } from '../core/transform.js'
import type { RowPolicy } from '../spec/model.js'
import { usesFunction, usesLists } from '../transforms/expression.js'
import { functions } from '../transforms/registry.js'
import { type BatchOutcome, newOutcome } from './outcome.js'
import type { FieldPlan, ProgramPlan } from './plan.js'
import type { RunRows } from './row-program.js'

/** For all rows of a call: none of them is at fault yet. */
const CALL_MS = 5000
const ROW_MS = 1000

/** Milliseconds of the function of the program that ends its own calls soonest; undefined where none does. */
export function soonestEnd(program: ProgramPlan): number | undefined {
  let soonest: number | undefined
  const look = ({ endsAfter }: TransformFunction, params: Readonly<Record<string, unknown>>): false => {
    const ms = endsAfter?.(params)
    if (ms !== undefined) soonest = Math.min(soonest ?? ms, ms)
    return false
  }
  for (const { rule } of program.lets) usesFunction(rule, look)
  usesFunction(program.filter, look)
  for (const field of program.fields) callsOf(field, look, rule => usesFunction(rule, look))
  return soonest
}

/**
 * Functions that end their own calls are called for many rows within one limit, as tight as theirs. Where it is over, each call
 * of these rows has its own, and half as many rows go together from then on.
 */
export function together(run: RunRows, ms: number): RunRows {
  let most = Number.POSITIVE_INFINITY
  return (rows, out, from, to) => {
    for (let row = from, end = row; row < to; row = end) {
      end = Math.min(to, row + most)
      const some = newOutcome()
      if (withinTime(ms, () => run(rows, some, row, end))) append(out, some)
      else {
        run(rows, out, row, end)
        most = Math.max(1, Math.floor((end - row) / 2))
      }
    }
  }
}

/** Target columns, and `let` and `filter`, whose regular expression or lists take nobody knows how long. */
export function timedPlaces(program: ProgramPlan): readonly string[] {
  const isTimed = (rule: unknown): boolean => usesFunction(rule, isTimedCall) || usesLists(rule)
  return [
    ...program.lets.filter(({ rule }) => isTimed(rule)).map(({ name }) => `let ${name}`),
    ...(program.filter !== undefined && isTimed(program.filter) ? ['filter'] : []),
    ...program.fields.filter(field => callsOf(field, isTimedCall, isTimed)).map(({ target }) => target),
  ]
}

type IsSo = Parameters<typeof usesFunction>[1]

function callsOf({ input, apply }: FieldPlan, isSo: IsSo, isRule: (rule: unknown) => boolean): boolean {
  if (input.kind === 'expr' && isRule(input.rule)) return true
  return apply.some(({ fn, params }) => {
    const definition = functions.get(fn)
    return definition !== undefined && isSo(definition, params)
  })
}

function isTimedCall({ timed }: TransformFunction, params: Readonly<Record<string, unknown>>): boolean {
  return typeof timed === 'boolean' ? timed : timed(params)
}

/**
 * The same rows with a limit on their time: where it is over they go one by one, and a row that takes too long is rejected.
 * `once`: no row can be looked at a second time (`dedupe` counts them); there the run fails with E413.
 */
export function timed(run: RunRows, places: readonly string[], policy: RowPolicy, once: boolean): RunRows {
  const [only = '', ...others] = places
  const where = others.length === 0 ? only : `one of ${places.join(', ')}`
  const message = `${where}: its regular expression, or its list, did not come to an end`
  return (rows, out, from, to) => {
    const all = newOutcome()
    if (withinTime(CALL_MS, () => run(rows, all, from, to))) {
      append(out, all)
      return
    }
    if (once) throw new EtlError('E413', `${message} within ${CALL_MS / 1000} s`, { hint: 'write (a|b)* as [ab]*' })
    for (let row = from; row < to; row++) {
      const one = newOutcome()
      if (withinTime(ROW_MS, () => run(rows, one, row, row + 1))) append(out, one)
      else {
        const limit = `within ${ROW_MS / 1000} s`
        out.rejects.push({ row, stage: 'transform', code: 'E413', message: `${message} ${limit}`, policy })
      }
    }
  }
}

function append(out: BatchOutcome, more: BatchOutcome): void {
  for (const row of more.rows) out.rows.push(row)
  for (const source of more.sources) out.sources.push(source)
  for (const duplicate of more.duplicates) out.duplicates.push(duplicate)
  for (const reject of more.rejects) out.rejects.push(reject)
  out.filtered += more.filtered
  for (const [name, count] of more.losses) out.losses.set(name, (out.losses.get(name) ?? 0) + count)
  for (const [name, count] of more.substituted) out.substituted.set(name, (out.substituted.get(name) ?? 0) + count)
}
