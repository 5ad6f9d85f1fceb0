import type { ErrorObject } from 'ajv'
import type { ErrorCode } from '../core/codes.js'
import type { Diagnostic, DocPath } from '../core/diagnostics.js'
import { closest } from '../transforms/suggest.js'
import { isSecretPath } from './secrets.js'

type Found = Pick<Diagnostic, 'code' | 'message' | 'path' | 'hint'>

/** What the validator found, in the user's words; keywords that only say that another one failed are left out. */
export function toDiagnostics(errors: readonly ErrorObject[], data: unknown): Diagnostic[] {
  const unions = errors
    .filter(error => error.keyword === 'anyOf')
    .map(error => `${error.instancePath} ${error.schemaPath}/`)
  return errors
    .filter(error => error.keyword !== 'if' && error.keyword !== 'propertyNames')
    .filter(error => !unions.some(union => `${error.instancePath} ${error.schemaPath}`.startsWith(union)))
    .map(error => ({ severity: 'error', ...found(error, realPath(error.instancePath, data)) }))
}

/** Does this problem stand at the key, not at the value? */
export function pointsAtKey(code: ErrorCode): boolean {
  return ['E101', 'E104', 'E205', 'E213', 'E214', 'E215', 'E217'].includes(code)
}

function found(error: ErrorObject, path: DocPath): Found {
  const { params } = error
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(String(params.additionalProperty), path, Object.keys(properties(error)))
    case 'required':
      return missing(String(params.missingProperty), path)
    case 'type':
      return wrongType(error, path)
    case 'const':
      return path.at(-1) === 'version'
        ? {
            code: 'E106',
            message: `version ${show(error.data, path)} is not known`,
            path,
            hint: `Write \`version: ${params.allowedValue}\`.`,
          }
        : notAllowed(error.data, [params.allowedValue], path)
    case 'enum':
      return notAllowed(error.data, params.allowedValues as unknown[], path)
    case 'discriminator':
      return discriminator(error, path)
    case 'pattern':
      return pattern(error, path)
    case 'minProperties':
    case 'minItems':
      return {
        code: 'E105',
        message: `needs at least ${params.limit} ${params.limit === 1 ? 'entry' : 'entries'}`,
        path,
      }
    case 'maxProperties':
    case 'maxItems':
      return {
        code: 'E105',
        message: `takes at most ${params.limit} ${params.limit === 1 ? 'entry' : 'entries'}`,
        path,
        ...oneKey(path),
      }
    case 'uniqueItems':
      return { code: 'E105', message: `entry ${Number(params.i) + 1} repeats entry ${Number(params.j) + 1}`, path }
    case 'minLength':
      return { code: 'E105', message: 'must not be empty', path }
    case 'maxLength':
      return { code: 'E105', message: `must have at most ${params.limit} characters`, path }
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return { code: 'E105', message: `must be ${params.comparison} ${params.limit}`, path }
    case 'multipleOf':
      return { code: 'E105', message: `must be a multiple of ${params.multipleOf}`, path }
    default:
      return { code: 'E103', message: 'this value is not allowed here', path }
  }
}

function unknownKey(key: string, parent: DocPath, allowed: readonly string[]): Found {
  const path = [...parent, key]
  const hint = suggestion(key, allowed)
  if (isStep(parent)) return { code: 'E205', message: `no function is called "${key}"`, path, hint }
  return { code: 'E101', message: `"${key}" is not a key of ${place(parent)}`, path, hint }
}

function missing(key: string, path: DocPath): Found {
  if (isParameters(path)) return { code: 'E211', message: `${path.at(-1)} needs \`${key}\``, path }
  return {
    code: 'E104',
    message: `${place(path)} needs \`${key}\``,
    path,
    hint: 'Add it; `etl reference` says what it takes.',
  }
}

function wrongType(error: ErrorObject, path: DocPath): Found {
  const wanted = [error.params.type].flat().map(type => TYPES[String(type)] ?? String(type))
  const isRule =
    ['value', 'default'].includes(String(path.at(-1))) && typeof error.data === 'object' && error.data !== null
  return {
    code: isParameters(path.slice(0, -1)) || isParameters(path) ? 'E211' : 'E102',
    message: `must be ${listed([...new Set(wanted)], 'or')}, not ${typeName(error.data)}`,
    path,
    ...(isRule && !Array.isArray(error.data) ? { hint: 'A rule goes under `expr`.' } : {}),
    ...(wanted.includes('a list') && typeof error.data === 'object' && error.data !== null && !isRule
      ? { hint: 'Put it in a list: `[ … ]`.' }
      : {}),
    ...(wanted.includes('text') && wanted.every(type => !type.includes('number')) && typeof error.data !== 'object'
      ? { hint: 'Put it in quotes.' }
      : {}),
    ...(wanted.some(type => type.includes('number')) && typeof error.data === 'string'
      ? { hint: 'Write digits, without quotes.' }
      : {}),
  }
}

function notAllowed(value: unknown, allowed: readonly unknown[], path: DocPath): Found {
  const words = allowed.map(String)
  const near = typeof value === 'string' ? closest(value, words) : undefined
  if (isStep(path) && typeof value === 'string') {
    return { code: 'E205', message: `no function is called "${value}"`, path, hint: suggestion(value, words) }
  }
  const message = words.length === 1 ? `must be ${words[0]}` : `${show(value, path)} is not one of ${words.join(', ')}`
  const hint = value === 'null' ? 'Write null without quotes.' : near && `Did you mean "${near}"?`
  return { code: 'E103', message, path, ...(hint === undefined ? {} : { hint }) }
}

function discriminator(error: ErrorObject, path: DocPath): Found {
  const { tag, tagValue } = error.params as { tag: string; tagValue: unknown }
  if (tagValue === undefined) return missing(tag, path)
  const branches = (error.parentSchema?.oneOf ?? []) as { properties?: Record<string, { const?: unknown }> }[]
  return notAllowed(
    tagValue,
    branches.map(branch => branch.properties?.[tag]?.const),
    [...path, tag],
  )
}

function pattern(error: ErrorObject, path: DocPath): Found {
  if (error.propertyName !== undefined) {
    return {
      code: 'E103',
      message: `"${error.propertyName}" cannot be a name`,
      path: [...path, error.propertyName],
      hint: 'A name has letters, digits, _ and -, and begins with a letter.',
    }
  }
  const last = String(path.at(-1))
  if (last === 'max_errors')
    return {
      code: 'E103',
      message: `${show(error.data, path)} is neither a number nor a share`,
      path,
      hint: 'Write 100, or a share such as 1%.',
    }
  if (last === 'name') {
    return {
      code: 'E103',
      message: `${show(error.data, path)} cannot be a name`,
      path,
      hint: 'A name has small letters, digits, _ and -, and begins with a letter.',
    }
  }
  return { code: 'E103', message: `${show(error.data, path)} does not have the form ${error.params.pattern}`, path }
}

/** The names that would do, the nearest first. */
export function suggestion(name: string, allowed: readonly string[]): string {
  const near = closest(name, allowed)
  if (near !== undefined) return `Did you mean "${near}"?`
  if (allowed.length === 0) return 'The file has none.'
  const shown = allowed.slice(0, 20).join(', ')
  return `Allowed: ${shown}${allowed.length > 20 ? `, … (${allowed.length} in all)` : ''}.`
}

function oneKey(path: DocPath): { hint?: string } {
  return isStep(path) ? { hint: 'Each function is an item of its own: begin its line with `-`.' } : {}
}

/** `entities.E.fields.F.apply.N` */
function isStep(path: DocPath): boolean {
  return path[0] === 'entities' && path.length === 6 && path[4] === 'apply'
}

/** `entities.E.fields.F.apply.N.FUNCTION` */
function isParameters(path: DocPath): boolean {
  return path.length === 7 && isStep(path.slice(0, 6))
}

function place(path: DocPath): string {
  const last = path.at(-1)
  if (last === undefined) return 'the file'
  if (path.length === 2 && path[0] === 'entities') return `entity ${last}`
  if (path.length === 2 && path[0] === 'sources') return `source ${last}`
  if (path.length === 2 && path[0] === 'lookups') return `look-up ${last}`
  if (path.length === 2 && path[0] === 'profiles') return `profile ${last}`
  if (path.length === 4 && path[2] === 'fields') return `field ${last}`
  return typeof last === 'number' ? `this item of \`${path.at(-2)}\`` : `\`${last}\``
}

function properties(error: ErrorObject): object {
  return (error.parentSchema?.properties ?? {}) as object
}

function show(value: unknown, path: DocPath): string {
  if (isSecretPath(path)) return 'the value'
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 39)}…` : value)
  return typeof value === 'object' && value !== null ? 'this' : String(value)
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'a block of keys',
  array: 'a list',
  null: 'null',
}

function typeName(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a fraction'
  return TYPES[typeof value] ?? typeof value
}

function listed(words: readonly string[], last: string): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`
}

/** Array indexes of a JSON pointer as numbers, by what the data holds there. */
function realPath(instancePath: string, data: unknown): DocPath {
  const path: (string | number)[] = []
  let node = data
  for (const raw of instancePath.split('/').slice(1)) {
    const step = raw.replaceAll('~1', '/').replaceAll('~0', '~')
    path.push(Array.isArray(node) ? Number(step) : step)
    node = typeof node === 'object' && node !== null ? (node as Record<string, unknown>)[step] : undefined
  }
  return path
}
