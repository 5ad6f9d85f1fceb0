import type { Column, Table } from '../core/catalog.js'
import type { FieldSpec, PipelineSpec } from '../spec/model.js'
import type { Catalogs } from './catalogs.js'
import { TARGET } from './catalogs.js'
import { countable, unseenBy } from './check-equated.js'
import type { Draft } from './draft.js'
import { straightColumn } from './type-rules.js'
import { targetLabel } from './world.js'

/** What the tables themselves have against the load, whatever the fields say. */
export function checkTables(pipeline: PipelineSpec, draft: Draft, catalogs: Catalogs): void {
  const { from } = draft.source
  for (const shape of from.kind === 'union' ? from.members.map(member => member.shape) : [draft.source]) {
    if (shape.snapshot === false) noSnapshot(pipeline, draft, shape.label)
  }
  const { target } = draft
  if (target === undefined) return
  const { files } = catalogs.database(TARGET).connector.capabilities
  if (!target.transactional && files !== true) noTransactions(pipeline, draft)
  for (const field of draft.fields) {
    const column = target.columns.find(each => each.name === field.target)
    if (column === undefined) continue
    checkCharacters(draft, field, column)
    checkKeyComparison(draft, field, column, target, catalogs)
  }
}

function noSnapshot(pipeline: PipelineSpec, { spec, problems }: Draft, label: string): void {
  const path = [...spec.path, 'from']
  const message = `${label} keeps no transactions, so its rows are not read as of one moment`
  const hint = `\`alter table ${label} engine=InnoDB\`, or let nobody write to it while it is read`
  if (pipeline.consistency === 'strict') {
    problems.error('E225', path, `${message}, and the file says \`consistency: strict\``, hint)
  } else problems.warn('E225', path, message, hint)
}

function noTransactions(pipeline: PipelineSpec, draft: Draft): void {
  const { spec, problems } = draft
  const name = targetLabel(draft)
  const path = [...spec.path, 'to']
  if (pipeline.ledger === false) {
    const message = `${name} keeps no transactions: rows of a batch that fails stay there, and a resumed run may write them twice`
    problems.warn('E224', path, message, `\`alter table ${name} engine=InnoDB\``)
    return
  }
  const message = `${name} keeps no transactions, so its rows cannot be loaded exactly once`
  const hint = `\`alter table ${name} engine=InnoDB\`, or \`ledger: false\` for at least once`
  problems.error('E224', path, message, hint)
}

/** T4: a narrow character set, unless the values come from a column of the same one or are no text. */
function checkCharacters(draft: Draft, field: FieldSpec, column: Column): void {
  const { characterSet } = column
  const from = straightColumn(draft, field)
  if (characterSet === undefined || field.input.kind === 'value' || from?.characterSet === characterSet) return
  if (from !== undefined && !TEXTS.has(from.type.kind)) return
  const message = `${targetLabel(draft)}.${column.name} holds only characters of ${characterSet}; rows with others are rejected`
  draft.problems.warn('E227', field.path, message, 'give the column a character set with all of Unicode')
}

const TEXTS: ReadonlySet<string> = new Set(['text', 'enum', 'json', 'any', 'other'])

/** Values that the source tells apart and a key of the target does not. */
function checkKeyComparison(draft: Draft, field: FieldSpec, column: Column, target: Table, catalogs: Catalogs): void {
  const keys = [target.primaryKey, draft.spec.match ?? [], ...target.uniques.map(unique => unique.columns)].filter(
    key => key.includes(column.name),
  )
  const from = straightColumn(draft, field)
  if (column.equates === undefined || from === undefined || keys.length === 0) return
  const known = unseenBy(from.equates)
  const unseen = unseenBy(column.equates).filter(part => !known.includes(part))
  if (unseen.length === 0 || !['text', 'any'].includes(from.type.kind)) return
  const message = `${targetLabel(draft)}.${column.name} is a key that does not see ${unseen.join(' and ')}, and ${draft.source.label} does: values that differ only in that are one row there`
  const counted = asksSource(draft, catalogs) && keys.some(key => isCounted(draft, key, target))
  const apart = 'a binary collation keeps them apart'
  draft.problems.warn('E226', field.path, message, counted ? `\`etl check\` counts them; ${apart}` : apart)
}

function asksSource({ source: { from } }: Draft, catalogs: Catalogs): boolean {
  if (from.kind === 'rows' || from.kind === 'union') return false
  return catalogs.database(from.source).connector.capabilities.files !== true
}

function isCounted(draft: Draft, key: readonly string[], target: Table): boolean {
  return key.every(name => {
    const field = draft.fields.find(each => each.target === name)
    const equates = target.columns.find(column => column.name === name)?.equates
    return field !== undefined && straightColumn(draft, field) !== undefined && countable(unseenBy(equates))
  })
}
