import type { DocPath } from '../core/diagnostics.js'
import { exclusive } from './check-field.js'
import { suggestion } from './diagnostics.js'
import { memberName } from './expand-from.js'
import type { Scope } from './shape.js'
import { list, record, text } from './shape.js'

type Data = Readonly<Record<string, unknown>>

/** Where an entity's rows come from: which keys go together, and sources that must exist. */
export function checkFrom(entity: Data, path: DocPath, scope: Scope): void {
  const at = [...path, 'from']
  if (text(entity.from) !== undefined) {
    needsOneSource(at, scope)
    return
  }
  const from = record(entity.from)
  if (Object.keys(from).length === 0) return
  if (Object.hasOwn(from, 'union')) {
    exclusive(['union', ...Object.keys(from).filter(key => key !== 'union')], at, scope)
    checkUnion(entity, list(from.union), [...at, 'union'], scope)
    if (entity.where !== undefined)
      scope.report('E215', [...path, 'where'], 'a union has no `where` of its own', 'Give it to its members.')
    return
  }
  checkPlace(from, entity.key, at, scope)
}

function checkUnion(entity: Data, members: readonly unknown[], at: DocPath, scope: Scope): void {
  const names = new Set<string>()
  for (const [i, raw] of members.entries()) {
    const member = record(raw)
    if (Object.keys(member).length === 0) continue
    checkPlace(member, member.key ?? entity.key, [...at, i], scope)
    const name = memberName(member)
    if (name === undefined) {
      const hint = 'Give the member a name: `as: …`.'
      scope.report('E104', [...at, i], '`query` and `rows` have no name for `$member`', hint)
    } else if (names.has(name)) {
      scope.report('E215', [...at, i], `two members are called "${name}"`, 'Give one another name: `as: …`.')
    } else names.add(name)
    for (const key of Object.keys(record(member.set))) {
      if (Object.values(record(member.rename)).includes(key))
        scope.report('E215', [...at, i, 'set', key], `\`rename\` gives the member a column "${key}" already`)
    }
  }
}

function checkPlace(from: Data, entityKey: unknown, at: DocPath, scope: Scope): void {
  const given = ['table', 'file', 'query', 'rows'].filter(key => Object.hasOwn(from, key))
  const [kind] = given
  if (kind === undefined) {
    scope.report('E104', at, '`from` needs `table`, `file`, `query` or `rows`')
    return
  }
  if (given.length > 1) {
    exclusive(given, at, scope)
    return
  }
  const refuse = (key: string, with_: string) =>
    Object.hasOwn(from, key) && Object.hasOwn(from, with_) && exclusive([with_, key], at, scope)
  if (kind === 'rows') refuse('source', 'rows')
  if (kind === 'file') for (const key of ['schema', 'target']) refuse(key, kind)
  else if (kind !== 'table') for (const key of ['columns', 'schema']) refuse(key, kind)
  if (kind === 'rows') refuse('target', kind)
  refuse('source', 'target')
  if (kind === 'query' && entityKey === undefined) {
    const hint = 'Name the columns that identify a row: `key: ID`.'
    scope.report('E210', [...at, 'query'], 'a query has no primary key, so the entity needs `key`', hint)
  }
  if (kind === 'rows' || from.target === true) return
  const source = text(from.source)
  if (source === undefined) {
    if (from.source === undefined) needsOneSource([...at, kind], scope)
  } else knownSource(source, [...at, 'source'], scope)
}

function needsOneSource(path: DocPath, scope: Scope): void {
  if (scope.sources.length === 1) return
  const none = scope.sources.length === 0
  const hint = none
    ? 'Add one under `sources`.'
    : `Write \`{ source: …, table: … }\` with one of ${scope.sources.join(', ')}.`
  scope.report(
    'E202',
    path,
    none ? 'the file has no source' : 'the file has several sources: which one is meant?',
    hint,
  )
}

export function knownSource(name: string, path: DocPath, scope: Scope): void {
  if (scope.sources.includes(name)) return
  scope.report('E202', path, `no source is called "${name}"`, suggestion(name, scope.sources))
}
