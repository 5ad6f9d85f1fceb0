import { MEMBER } from '../core/catalog.js'
import type { Value } from '../core/row.js'
import type { LogicalType } from '../core/types.js'
import { formatType } from '../core/types.js'
import type { EntitySpec, FromSpec, MemberSpec } from '../spec/model.js'
import type { Catalogs } from './catalogs.js'
import { commonType } from './common-type.js'
import type { Problems } from './problems.js'
import type { MemberShape, SourceColumn, SourceShape } from './source-shape.js'
import { columnProblem, sourceShape } from './source-shape.js'

const LABEL = 'the union'

/** The members as one table: columns by their new names, null where a member has none. */
export function unionShape(
  entity: EntitySpec,
  from: Extract<FromSpec, { kind: 'union' }>,
  catalogs: Catalogs,
  problems: Problems,
): SourceShape | undefined {
  const members = from.members.flatMap(member => memberShape(entity, member, catalogs, problems) ?? [])
  if (members.length < from.members.length) return undefined
  const columns = unionColumns(members, catalogs)
  const sizes = members.map(member => member.shape.estimatedRows)
  const known = sizes.every(size => size !== undefined)
  return {
    from: { kind: 'union', members },
    label: LABEL,
    columns,
    key: unionKey(entity, members, columns, problems),
    order: [],
    ...(known ? { estimatedRows: sizes.reduce((sum, size) => sum + size, 0) } : {}),
  }
}

function memberShape(
  entity: EntitySpec,
  member: MemberSpec,
  catalogs: Catalogs,
  problems: Problems,
): MemberShape | undefined {
  /** What the member itself calls a column of the union; undefined where it has it only by `set`. */
  const ownName = (name: string): string | undefined => {
    if (name === MEMBER || Object.hasOwn(member.set, name)) return undefined
    return Object.keys(member.rename).find(old => member.rename[old] === name) ?? name
  }
  const ownNames = (names: readonly string[]): string[] => names.flatMap(name => ownName(name) ?? [])
  const key = member.key ?? (entity.key === undefined ? undefined : ownNames(entity.key))
  const shape = sourceShape(
    {
      from: member.from,
      ...(key === undefined ? {} : { key }),
      orderBy: ownNames(entity.orderBy),
      ...(member.where === undefined ? {} : { where: member.where }),
      ...(entity.incremental === undefined ? {} : { incremental: entity.incremental }),
      path: member.path,
    },
    catalogs,
    problems,
  )
  if (shape === undefined) return undefined
  for (const old of Object.keys(member.rename))
    columnProblem(old, shape.columns, shape.label, [...member.path, 'rename', old], problems)
  const values = new Map<string, { readonly column: string } | { readonly constant: Value }>()
  const add = (name: string, value: { readonly column: string } | { readonly constant: Value }): void => {
    if (values.has(name) || name === MEMBER) {
      const hint = '`rename` one of them, or leave it out with `columns`'
      problems.error('E215', member.path, `two columns of ${member.name} are called ${name}`, hint)
    }
    values.set(name, value)
  }
  for (const { name } of shape.columns) {
    add(Object.hasOwn(member.rename, name) ? String(member.rename[name]) : name, { column: name })
  }
  for (const [name, constant] of Object.entries(member.set)) add(name, { constant })
  return { name: member.name, shape, values, ...(member.where === undefined ? {} : { where: member.where }) }
}

const MEMBER_COLUMN: SourceColumn = {
  name: MEMBER,
  type: { kind: 'text' },
  native: 'member of the union',
  nullable: false,
  pseudo: true,
}

function unionColumns(members: readonly MemberShape[], catalogs: Catalogs): readonly SourceColumn[] {
  const names = [...new Set(members.flatMap(member => [...member.values.keys()]))]
  return [
    ...names.map(name => {
      const parts = members.flatMap(member => partOf(member, name, catalogs) ?? [])
      const first = parts[0] as Part
      let { type } = first
      let clash: string | undefined
      for (const part of parts.slice(1)) {
        const loose = part.constant || first.constant
        const common = commonType(type, part.type) ?? (loose ? ({ kind: 'any' } as const) : undefined)
        if (common === undefined) {
          clash = `${name} is ${formatType(first.type)} in ${first.member} and ${formatType(part.type)} in ${part.member}, which have no common type`
          type = { kind: 'any' }
          break
        }
        type = common
      }
      return {
        name,
        type,
        native: formatType(type),
        nullable: parts.length < members.length || parts.some(part => part.nullable),
        ...(parts.every(part => part.pseudo) ? { pseudo: true } : {}),
        ...(clash === undefined ? {} : { clash }),
      }
    }),
    MEMBER_COLUMN,
  ]
}

interface Part {
  readonly member: string
  readonly type: LogicalType
  readonly nullable: boolean
  readonly pseudo: boolean
  /** Of `set`: what it is worth is seen when it is cast. */
  readonly constant: boolean
}

/** A column of the union as one member has it. */
function partOf({ name: member, shape, values }: MemberShape, name: string, catalogs: Catalogs): Part | undefined {
  const value = values.get(name)
  if (value === undefined) return undefined
  if ('constant' in value) {
    const { constant } = value
    return { member, type: constantType(constant), nullable: constant === null, pseudo: false, constant: true }
  }
  const column = shape.columns.find(c => c.name === value.column) as SourceColumn
  const { from } = shape
  // A file declares nothing: its text is whatever it looks like.
  const undeclared = from.kind !== 'rows' && catalogs.database(from.source).connector.capabilities.files === true
  const type: LogicalType = undeclared && column.pseudo !== true ? { kind: 'any' } : column.type
  return { member, type, nullable: column.nullable, pseudo: column.pseudo === true, constant: false }
}

function constantType(value: Value): LogicalType {
  if (typeof value === 'string') return { kind: 'text' }
  if (typeof value === 'boolean') return { kind: 'boolean' }
  return Number.isSafeInteger(value) ? { kind: 'integer', bits: 64 } : { kind: 'any' }
}

/** `key` of the entity, else the member's name and the key that all members share. */
function unionKey(
  entity: EntitySpec,
  members: readonly MemberShape[],
  columns: readonly SourceColumn[],
  problems: Problems,
): readonly string[] {
  if (entity.key !== undefined) {
    return entity.key.filter(
      (name, i) => columnProblem(name, columns, LABEL, [...entity.path, 'key', i], problems) !== undefined,
    )
  }
  const keys = members.map(({ shape, values }) => {
    const renamed = new Map([...values].flatMap(([name, value]) => ('column' in value ? [[value.column, name]] : [])))
    return shape.key.map(name => renamed.get(name) ?? name)
  })
  const shared = keys[0] ?? []
  if (keys.every(key => key.join('\0') === shared.join('\0'))) return shared.length === 0 ? [] : [MEMBER, ...shared]
  const words = members.map((member, i) => `${member.name} (${keys[i]?.join(', ') || 'none'})`)
  const hint = '`rename` them alike, or say which columns identify a row: `key: [...]`'
  problems.error(
    'E210',
    [...entity.path, 'from', 'union'],
    `the members have different keys: ${words.join(', ')}`,
    hint,
  )
  return []
}
