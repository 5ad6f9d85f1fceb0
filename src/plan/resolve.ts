import type { ErrorCode } from '../core/codes.js'
import { RowError } from '../core/errors.js'
import type { Value } from '../core/row.js'
import { keyText } from '../core/row.js'
import type { MissPolicy } from '../spec/model.js'
import type { FieldEnv, Frame, Step } from './field-program.js'
import { compileField } from './field-program.js'
import { Rejection } from './outcome.js'
import type { FieldPlan, RefPlan } from './plan.js'

/** Finds values by key in a table or in the ledger, a batch of keys at a time. */
export interface Resolver {
  /** Called once per batch with every distinct key the batch will ask for. */
  prefetch(keys: readonly (readonly Value[])[]): Promise<void>
  /** Undefined: not there. */
  get(key: readonly Value[]): Value | undefined
}

export interface Resolvers {
  /** Keys are values of the look-up's key columns. */
  lookup(name: string): Resolver
  /** `identity`: keys are source keys of the entity. `computed`: keys are one target key, and anything but undefined means it exists. */
  ref(ref: RefPlan): Resolver
}

/** Step 4 of a field: its keys are worked out for the whole batch before the first is asked for. */
export interface Resolving {
  readonly resolver: Resolver
  /** Forgets the batch before. */
  begin(): void
  /** Works out the key of a row; failures and substitutes wait until the row's turn. */
  prepare(frame: Frame, row: number): void
  /** Adds the distinct keys of the prepared rows. */
  collect(into: Map<string, readonly Value[]>): void
  readonly step: Step
}

interface Prepared {
  /** A map put null in place of a value. */
  substituted?: boolean
  readonly key?: readonly Value[]
  /** For `on_missing: keep`. */
  readonly given?: Value
  readonly error?: unknown
}

export function compileResolving(field: FieldPlan, env: FieldEnv, resolvers: Resolvers): Resolving {
  const { lookup, ref } = field
  let preparing = false
  let substitutes = 0
  const steps = compileField(field, {
    ...env,
    onSubstitute: () => (preparing ? substitutes++ : env.onSubstitute()),
  })
  const onMissing: MissPolicy = lookup?.onMissing ?? ref?.onMissing ?? 'fail'
  const resolver = ref === undefined ? resolvers.lookup(lookup?.name ?? '') : resolvers.ref(ref)
  const compute = ref?.field === undefined ? undefined : compileKeyField(ref.field, ref.keyColumns ?? [], env)
  const miss = missed(field, onMissing, env)
  let prepared: Prepared[] = []

  const keyOf = (frame: Frame): Prepared => {
    const values = steps.values(frame)
    if (steps.map !== undefined) for (let i = 0; i < values.length; i++) values[i] = mapped(values[i] ?? null)
    if (values.includes(null)) return {}
    const given = values[0] ?? null
    if (compute === undefined) return { key: values, given }
    const key = compute(values)
    return key === null ? {} : { key: [key], given }
  }
  const mapped = (value: Value): Value => (value === null || steps.map === undefined ? value : steps.map(value))

  return {
    resolver,
    begin() {
      prepared = []
    },
    prepare(frame, row) {
      substitutes = 0
      preparing = true
      try {
        prepared[row] = keyOf(frame)
      } catch (error) {
        prepared[row] = { error }
      }
      if (substitutes > 0) (prepared[row] as Prepared).substituted = true
      preparing = false
    },
    collect(into) {
      // A row whose `let` failed has left a hole.
      for (const row of prepared) if (row?.key !== undefined) into.set(keyText(row.key), row.key)
    },
    step(_frame, row) {
      const { key, given, error, substituted } = prepared[row] as Prepared
      if (substituted === true) env.onSubstitute()
      if (error !== undefined) return steps.invalid('transform', error)
      if (key === undefined) return steps.finish(null)
      const found = resolver.get(key)
      if (found === undefined) return steps.finish(miss(given ?? null))
      return steps.finish(compute === undefined ? found : (key[0] ?? null))
    },
  }
}

/** The referenced entity's own key field, run on the values of the ref. What it refuses is this field's invalid value. */
function compileKeyField(
  field: FieldPlan,
  names: readonly string[],
  env: FieldEnv,
): (values: readonly Value[]) => Value {
  const { onInvalid: _policyOfTheOtherEntity, ...rest } = field
  const steps = compileField(
    { ...rest, required: false },
    {
      ...env,
      columns: names,
      firstLet: Number.POSITIVE_INFINITY,
      onLoss: () => undefined,
      onSubstitute: () => undefined,
    },
  )
  return values => {
    try {
      const value = steps.value(values)
      return steps.finish(value === null || steps.map === undefined ? value : steps.map(value))
    } catch (error) {
      if (error instanceof Rejection) throw new RowError(error.code, error.message)
      throw error
    }
  }
}

function missed(field: FieldPlan, onMissing: MissPolicy, env: FieldEnv): (given: Value) => Value {
  const stage = field.ref === undefined ? 'lookup' : 'ref'
  const code: ErrorCode = field.ref === undefined ? 'E411' : 'E412'
  const message =
    field.ref === undefined
      ? `look-up ${field.lookup?.name} has no row for this key`
      : `${field.ref.entity} has no row for this key`
  return given => {
    if (onMissing === 'keep') return given
    if (onMissing !== 'null') throw new Rejection(stage, onMissing, code, message)
    env.onSubstitute()
    return null
  }
}
