import { Document, type Pair, type Scalar, visit, type YAMLMap } from 'yaml'
import type { ConnectionText } from './connection.js'
import type { EntityProposal, FieldProposal, Proposal } from './proposal.js'

export interface DocumentParts {
  readonly name: string
  readonly source: ConnectionText & { readonly label: string }
  readonly target: ConnectionText & { readonly label: string }
  /** Where the editor finds the schema, from the file. */
  readonly schema: string
  readonly proposal: Proposal
}

/** What the source is called in the file. */
export const SOURCE = 'source'

/** The proposal as a pipeline file, with what should be known of each part beside it. */
export function documentText({ name, source, target, schema, proposal }: DocumentParts): string {
  const { maps, entities, sourceLeft, targetLeft } = proposal
  const document = new Document({
    version: 1,
    name,
    sources: { [SOURCE]: source.block },
    target: target.block,
    ...(maps.length === 0
      ? {}
      : { maps: Object.fromEntries(maps.map(map => [map.name, Object.fromEntries(map.entries)])) }),
    entities: Object.fromEntries(entities.map(entity => [entity.name, entityOf(entity, source.block.type)])),
  })
  document.commentBefore = [
    ` yaml-language-server: $schema=${schema}`,
    '',
    ` ${source.label}`,
    ` to ${target.label}`,
    '',
    ' What is marked `decide` needs you: names and values alone do not tell. `etl validate`, `etl plan` and',
    ' `etl run --dry-run` say what is left; nothing is written before `etl run`.',
  ].join('\n')
  const top = document.contents as YAMLMap<Scalar, unknown>
  for (const key of ['sources', 'target', 'maps', 'entities']) space(top, key)
  for (const map of maps) {
    const values = document.getIn(['maps', map.name], true) as YAMLMap
    values.flow = true
    values.comment = ` ${oneLine(map.note)}`
  }
  for (const entity of entities) noteEntity(document, entity)
  const left = [
    ...(sourceLeft.length === 0 ? [] : [' Tables of the source that nothing reads:', ...sourceLeft.map(listed)]),
    ...(targetLeft.length === 0 ? [] : [' Tables of the target that nothing fills:', ...targetLeft.map(listed)]),
  ]
  if (left.length > 0) document.comment = left.join('\n')
  return document.toString({ lineWidth: 0, flowCollectionPadding: true })
}

function listed(text: string): string {
  return `   ${oneLine(text)}`
}

function entityOf(entity: EntityProposal, sourceType: string): object {
  const isFile = sourceType === 'csv' || sourceType === 'jsonl'
  return {
    from: isFile ? { file: entity.from } : entity.from,
    to: entity.create ? { table: entity.to, create: 'if_missing' } : entity.to,
    ...(entity.key === undefined ? {} : { key: entity.key }),
    ...(entity.defer.length === 0 ? {} : { defer: entity.defer }),
    fields: Object.fromEntries(entity.fields.map(field => [field.target, fieldOf(field)])),
  }
}

function fieldOf({ from, apply, map, unmapped, ref }: FieldProposal): unknown {
  if (apply === undefined && map === undefined && ref === undefined) return from
  return {
    from,
    ...(apply === undefined ? {} : { apply }),
    ...(map === undefined ? {} : { map }),
    ...(unmapped === undefined ? {} : { unmapped }),
    ...(ref === undefined ? {} : { ref }),
  }
}

function noteEntity(document: Document, entity: EntityProposal): void {
  const path = ['entities', entity.name]
  const block = document.getIn(path, true) as YAMLMap<Scalar, unknown>
  space(document.get('entities') as YAMLMap<Scalar, unknown>, entity.name)
  comment(document, [...path, 'from'], [entity.note])
  if (entity.keyNote !== undefined) comment(document, [...path, 'key'], [entity.keyNote])
  for (const key of ['from', 'to', 'key', 'defer']) flow(block.get(key, true))
  const fields = document.getIn([...path, 'fields'], true) as YAMLMap
  for (const field of entity.fields) {
    flow(fields.get(field.target, true))
    comment(document, [...path, 'fields', field.target], field.notes)
  }
  if (entity.left.length > 0) fields.comment = entity.left.map(line => ` ${oneLine(line)}`).join('\n')
}

/** Everything in it stands on one line. */
function flow(node: unknown): void {
  visit(node as YAMLMap, {
    Collection: (_, each) => {
      each.flow = true
    },
  })
}

function comment(document: Document, path: readonly string[], notes: readonly string[]): void {
  const text = notes.filter(note => note !== '').join('; ')
  if (text === '') return
  const node = document.getIn(path, true) as Scalar | YAMLMap
  node.comment = ` ${oneLine(text)}`
}

/** A comment ends with its line, whatever the name or value that it tells of. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ')
}

function space(map: YAMLMap<Scalar, unknown>, key: string): void {
  const pair = map.items.find((each): each is Pair<Scalar, unknown> => each.key.value === key)
  if (pair !== undefined && pair !== map.items[0]) pair.key.spaceBefore = true
}
