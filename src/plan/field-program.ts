import { RowError } from '../core/errors.js'
import type { Value } from '../core/row.js'
import { fromJson, keyText } from '../core/row.js'
import type { FunctionContext } from '../core/transform.js'
import type { RowPolicy } from '../spec/model.js'
import { bindFunction } from '../transforms/bind.js'
import { compileCast } from '../transforms/cast.js'
import { compileExpression, usable } from '../transforms/expression.js'
import { functions } from '../transforms/registry.js'
import type { Stage } from './outcome.js'
import { Rejection } from './outcome.js'
import type { FieldPlan } from './plan.js'

export type Frame = readonly unknown[]
/** Makes one value of the target row. `row` is the index of the row within the batch. */
export type Step = (frame: Frame, row: number) => Value

export interface FieldEnv {
  /** Names of the frame: source columns, then lets. */
  readonly columns: readonly string[]
  /** Frame indexes from here on are lets, whose values may be anything. */
  readonly firstLet: number
  readonly context: FunctionContext
  readonly constants: Readonly<Record<string, Value>>
  readonly nulInText: boolean
  readonly emptyIsNull: boolean
  readonly looseSource: boolean
  readonly reference: boolean
  readonly entityPolicy: RowPolicy
  onLoss(): void
  onSubstitute(): void
}

/** The steps of one field, each compiled once; `row-program.ts` puts them together. */
export interface FieldSteps {
  /** Steps 1 and 2: the input and the functions. Several values only where nothing has joined them. */
  readonly values: (frame: Frame) => Value[]
  readonly value: (frame: Frame) => Value
  /** Step 3; called with values that are not null. Undefined where there is no map. */
  readonly map: ((value: Value) => Value) | undefined
  /** Steps 5 to 7. */
  readonly finish: (value: Value) => Value
  /** What a failed function or cast means: a value in its place, or a {@link Rejection}. */
  readonly invalid: (stage: Stage, error: unknown) => Value
  /** Index of the column that is passed on as it is; undefined where anything is done to it. */
  readonly plain: number | undefined
}

/**
 * Compiles one field.
 * @throws EtlError E211 of kind `usage` for parameters or a rule that the loader would have refused
 */
export function compileField(field: FieldPlan, env: FieldEnv): FieldSteps {
  const inputs = compileInput(field, env)
  const apply = compileApply(field, env)
  const value = apply === undefined ? (inputs[0] as Input) : apply(inputs)
  const values = apply === undefined && inputs.length > 1 ? (frame: Frame) => inputs.map(i => i(frame)) : undefined
  const cast = compileCasts(field, env)
  const fallback = compileDefault(field, env)
  const invalid = invalidPolicy(field, env, fallback)
  const { required } = field
  const map = compileMap(field, env)
  const index = field.input.kind === 'columns' && field.input.indexes.length === 1 ? field.input.indexes[0] : undefined
  const untouched = apply === undefined && map === undefined && field.lookup === undefined && field.ref === undefined
  const passes = untouched && cast === undefined && fallback === undefined && !required
  return {
    value,
    values: values ?? (frame => [value(frame)]),
    map,
    invalid,
    plain: passes && index !== undefined && index < env.firstLet ? index : undefined,
    finish(input) {
      let result = input
      if (result === null) {
        if (fallback !== undefined) result = fallback()
      } else if (cast !== undefined) {
        try {
          result = cast(result)
        } catch (error) {
          result = invalid('cast', error)
        }
      }
      if (result === null && required) throw missing(env)
      return result
    },
  }
}

function compileCasts(field: FieldPlan, env: FieldEnv): ((value: Value) => Value) | undefined {
  const { nulInText, emptyIsNull } = env
  let losses = 0
  // A value that both casts round is one loss.
  const onLoss = (): void => {
    if (losses++ === 0) env.onLoss()
  }
  const options = { nulInText, emptyIsNull, onLoss, ...(field.onLossy === undefined ? {} : { onLossy: field.onLossy }) }
  const cast = compileCast(field.castFrom, field.castTo, { ...options, looseSource: env.looseSource })
  const then = field.castThen === undefined ? undefined : compileCast(field.castTo, field.castThen, options)
  if (then === undefined && (cast === undefined || field.onLossy === undefined)) return cast
  return value => {
    losses = 0
    const result = cast === undefined ? value : cast(value)
    return result === null || then === undefined ? result : then(result)
  }
}

function missing(env: FieldEnv): Rejection {
  return new Rejection('required', env.entityPolicy, 'E401', 'required value is missing')
}

function compileInput(field: FieldPlan, env: FieldEnv): ((frame: Frame) => Value)[] {
  const { input } = field
  const json = field.castTo.kind === 'json'
  if (input.kind === 'value') {
    const value = fromJson(input.value)
    return [() => value]
  }
  if (input.kind === 'expr') {
    const rule = compileExpression(input.rule, env)
    return [frame => usable(rule(frame), { json })]
  }
  return input.indexes.map(index =>
    index < env.firstLet ? frame => frame[index] as Value : frame => usable(frame[index], { json }),
  )
}

type Input = (frame: Frame) => Value

function compileApply(field: FieldPlan, env: FieldEnv): ((inputs: readonly Input[]) => Input) | undefined {
  if (field.apply.length === 0) return undefined
  const calls = field.apply.map(({ fn, params }) => {
    const definition = functions.get(fn)
    if (definition === undefined) throw new TypeError(`there is no function "${fn}"`)
    return { run: bindFunction(definition, params, env.context), nullIn: definition.nullIn }
  })
  return inputs => {
    const [first, ...others] = calls as [(typeof calls)[0], ...typeof calls]
    const scratch: Value[] = inputs.map(() => null)
    let step: Input
    if (inputs.length === 1) {
      step = chain(inputs[0] as Input, first)
    } else {
      step = frame => {
        for (let i = 0; i < inputs.length; i++) scratch[i] = (inputs[i] as Input)(frame)
        return first.run(scratch)
      }
    }
    for (const call of others) step = chain(step, call)
    return step
  }
}

function chain(
  before: Input,
  call: { readonly run: (values: readonly Value[]) => Value; readonly nullIn: 'null' | 'call' },
): Input {
  const { run } = call
  const scratch: Value[] = [null]
  if (call.nullIn === 'call') {
    return frame => {
      scratch[0] = before(frame)
      return run(scratch)
    }
  }
  return frame => {
    const value = before(frame)
    if (value === null) return null
    scratch[0] = value
    return run(scratch)
  }
}

function compileMap(field: FieldPlan, env: FieldEnv): ((value: Value) => Value) | undefined {
  if (field.map === undefined) return undefined
  const { unmapped, name } = field.map
  const entries = new Map(field.map.entries.map(([code, value]) => [code, fromJson(value)]))
  const message = name === undefined ? 'value is not in the map' : `value is not in the map ${name}`
  return value => {
    const found = entries.get(typeof value === 'string' ? value : keyText([value]))
    if (found !== undefined) return found
    if (unmapped === 'keep') return value
    if (unmapped !== 'null') throw new Rejection('map', unmapped, 'E410', message)
    env.onSubstitute()
    return null
  }
}

/** The default, cast once; one that does not fit is the error of each row that needs it. */
function compileDefault(field: FieldPlan, env: FieldEnv): (() => Value) | undefined {
  if (field.default === undefined || field.default === null) return undefined
  const given = fromJson(field.default)
  try {
    const { onLossy: _, ...exact } = field
    const cast = compileCasts({ ...exact, castFrom: { kind: 'any' } }, { ...env, looseSource: false })
    const value = cast === undefined ? given : cast(given)
    return () => value
  } catch (error) {
    if (!(error instanceof RowError)) throw error
    const { code, message } = error
    return () => {
      throw new Rejection('cast', env.entityPolicy, code, `default: ${message}`)
    }
  }
}

function invalidPolicy(field: FieldPlan, env: FieldEnv, fallback: (() => Value) | undefined): FieldSteps['invalid'] {
  const { onInvalid, onLossy } = field
  return (stage, error) => {
    if (error instanceof Rejection || !(error instanceof RowError)) throw error
    const { code, message } = error
    if (stage === 'cast' && code === 'E404' && (onLossy === 'fail' || onLossy === 'quarantine')) {
      throw new Rejection(stage, onLossy, code, message)
    }
    if (onInvalid === 'null' || onInvalid === 'default') {
      const value = onInvalid === 'default' && fallback !== undefined ? fallback() : null
      if (value === null && field.required) throw missing(env)
      env.onSubstitute()
      return value
    }
    throw new Rejection(stage, onInvalid ?? env.entityPolicy, code, message)
  }
}
