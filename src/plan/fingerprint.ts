import { createHash } from 'node:crypto'
import { relative } from 'node:path'
import type { Column, Table } from '../core/catalog.js'
import type { Value } from '../core/row.js'
import { toJson } from '../core/row.js'
import type { EntitySpec, PipelineSpec, TypeRule } from '../spec/model.js'

/** Counts up when the program itself comes to give other rows for the same file. */
const ALGORITHM = 1
/** Longer texts are told apart by their hash; shorter ones are kept, so that a difference can be shown. */
const SHOWN = 4000

export interface FingerprintInput {
  readonly spec: PipelineSpec
  /** The entities that run. */
  readonly entities: readonly EntitySpec[]
  readonly baseDir: string
  readonly files: Readonly<Record<string, string>>
  /** A part that holds one of these has it masked, and a hash. */
  readonly secrets: readonly string[]
  /** `source.crm`, `target`: type and uid. */
  readonly databases: Readonly<Record<string, { readonly type: string; readonly uid: string }>>
  /** `source.crm.table.ORDERS` and so on. */
  readonly tables: Readonly<Record<string, Table>>
  /** `source.crm.query.orders`: the columns of an entity's query. */
  readonly queries: Readonly<Record<string, readonly Column[]>>
}

/**
 * Everything that decides what ends up in the target, path by path, so that a difference can be named. Not in it: batch
 * sizes, error limits, descriptions, comments, the order of keys, connection settings beside the databases' identities.
 */
export function fingerprintParts(input: FingerprintInput): Record<string, string> {
  const parts: Record<string, string> = {}
  const mask = masking(input.secrets)
  const add = (path: string, value: unknown): void => {
    const text = canonicalJson(value)
    if (text === undefined) return
    const hash = (): string => `sha256:${sha256(text).slice(0, 16)}`
    const shown = mask(text)
    if (text.length > SHOWN) parts[path] = hash()
    else parts[path] = shown === text ? text : `${shown} ${hash()}`
  }
  add('algorithm', ALGORITHM)
  for (const [path, hash] of Object.entries(input.files)) {
    parts[`files.${relative(input.baseDir, path).replaceAll('\\', '/')}`] = `sha256:${hash.slice(0, 16)}`
  }
  for (const [name, value] of Object.entries(input.spec.vars)) add(`vars.${name}`, value)
  for (const { name, lookup } of usedLookups(input)) add(`lookups.${name}`, without(lookup, ['path']))
  if (input.spec.hooks.before.length > 0) add('hooks.before', input.spec.hooks.before)
  if (input.spec.hooks.after.length > 0) add('hooks.after', input.spec.hooks.after)
  addTypes('types', input.spec.types, add)
  add('ledger', input.spec.ledger)
  for (const entity of input.entities) addEntity(entity, add)
  for (const [path, { type, uid }] of Object.entries(input.databases)) add(`${path}.identity`, `${type} ${uid}`)
  for (const [path, table] of Object.entries(input.tables)) addTable(path, table, add)
  for (const [path, columns] of Object.entries(input.queries)) addColumns(path, columns, add)
  return Object.fromEntries(
    Object.keys(parts)
      .toSorted(inOrder)
      .map(path => [path, parts[path] ?? '']),
  )
}

export function fingerprintOf(parts: Readonly<Record<string, string>>): string {
  return sha256(canonicalJson(parts) ?? '')
}

/** One line a difference: `entities.orders.where: "a" → "b"`. */
export function diffFingerprints(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): string[] {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted((a, b) => (a < b ? -1 : 1))
  return paths.flatMap(path => {
    const [a, b] = [before[path], after[path]]
    return a === b ? [] : difference(path, parsed(a), parsed(b))
  })
}

/** Blocks of keys are compared key by key, so that what is shown is what differs. */
function difference(path: string, before: unknown, after: unknown): string[] {
  if (isBlock(before) && isBlock(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    return names.flatMap(name => {
      const [a, b] = [before[name], after[name]]
      return JSON.stringify(a) === JSON.stringify(b) ? [] : difference(`${path}.${name}`, a, b)
    })
  }
  return [`${path}: ${words(before)} → ${words(after)}`]
}

function isBlock(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !(value instanceof Text)
}

/** A part that is no JSON: a hash, or a masked text. */
class Text {
  constructor(readonly text: string) {}
}

function parsed(part: string | undefined): unknown {
  if (part === undefined) return undefined
  try {
    return JSON.parse(part) as unknown
  } catch {
    return new Text(part)
  }
}

function words(value: unknown): string {
  if (value === undefined) return 'nothing'
  return value instanceof Text ? value.text : JSON.stringify(value)
}

function masking(secrets: readonly string[]): (text: string) => string {
  const spelled = secrets.filter(secret => secret !== '').map(secret => JSON.stringify(secret).slice(1, -1))
  const longestFirst = spelled.toSorted((a, b) => b.length - a.length)
  return text => longestFirst.reduce((rest, secret) => rest.replaceAll(secret, '•••'), text)
}

function usedLookups({ spec, entities }: FingerprintInput): { name: string; lookup: object | undefined }[] {
  const names = new Set(entities.flatMap(entity => entity.fields.flatMap(field => field.lookup?.name ?? [])))
  return [...names].map(name => ({ name, lookup: spec.lookups[name] }))
}

type Add = (path: string, value: unknown) => void

function addEntity(entity: EntitySpec, add: Add): void {
  const path = `entities.${entity.name}`
  add(`${path}.from`, entity.from)
  add(`${path}.to`, entity.to)
  add(`${path}.load`, entity.load)
  add(`${path}.on_error`, entity.onError)
  add(`${path}.rest`, entity.rest)
  add(`${path}.key`, entity.key)
  add(`${path}.match`, entity.match)
  add(`${path}.where`, entity.where)
  add(`${path}.filter`, entity.filter)
  add(`${path}.when`, entity.when)
  addTypes(`${path}.types`, entity.types, add)
  add(`${path}.dedupe`, entity.dedupe)
  add(`${path}.incremental`, entity.incremental)
  if (entity.orderBy.length > 0) add(`${path}.order_by`, entity.orderBy)
  if (entity.defer.length > 0) add(`${path}.defer`, entity.defer)
  for (const { name, rule } of entity.let) add(`${path}.let.${name}`, rule)
  for (const field of entity.fields) add(`${path}.fields.${field.target}`, without(field, ['path', 'target']))
  if (entity.hooks.before.length > 0) add(`${path}.hooks.before`, entity.hooks.before)
  if (entity.hooks.after.length > 0) add(`${path}.hooks.after`, entity.hooks.after)
}

function addTypes(path: string, rules: readonly TypeRule[], add: Add): void {
  for (const [i, { when, to }] of rules.entries()) add(`${path}.${i}`, { when, to })
}

function addTable(path: string, table: Table, add: Add): void {
  addColumns(path, table.columns, add)
  add(`${path}.version`, table.version)
  add(`${path}.primary_key`, table.primaryKey)
  for (const { columns } of table.uniques) add(`${path}.unique.${columns.join(',')}`, true)
  for (const key of table.foreignKeys) {
    add(`${path}.foreign_key.${key.columns.join(',')}`, { to: key.references, columns: key.referencedColumns })
  }
}

function addColumns(path: string, columns: readonly Column[], add: Add): void {
  for (const column of columns) {
    const words = [column.native, ...(column.nullable ? [] : ['not null']), ...(column.hasDefault ? ['default'] : [])]
    if (column.generated !== undefined) words.push(`generated ${column.generated}`)
    if (column.type.kind === 'enum') words.push(column.type.labels.join('|'))
    add(`${path}.columns.${column.name}`, words.join(' '))
  }
}

function without(value: object | undefined, names: readonly string[]): unknown {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([name]) => !names.includes(name)))
}

/** JSON with sorted keys, without places in the file. */
function canonicalJson(value: unknown): string | undefined {
  return JSON.stringify(canonical(value))
}

function canonical(value: unknown): unknown {
  if (typeof value === 'bigint' || typeof value === 'number' || Buffer.isBuffer(value)) return toJson(value as Value)
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  const sorted = Object.keys(value).toSorted(inOrder)
  const own = sorted.map(name => [name, (value as Readonly<Record<string, unknown>>)[name]] as const)
  const kept = own.filter(([name, item]) => item !== undefined && !isPlace(name, item, value))
  return Object.fromEntries(kept.map(([name, item]) => [name, canonical(item)]))
}

/** Steps of `apply`, hooks and members of a union carry where they stand in the file, which decides nothing. */
function isPlace(name: string, item: unknown, owner: object): boolean {
  return (
    name === 'path' && Array.isArray(item) && ('fn' in owner || 'sql' in owner || 'rule' in owner || 'rename' in owner)
  )
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : 1
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
