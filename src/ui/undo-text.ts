import type { UndoneEntity, UndoResult, UndoSurvey } from '../undo/api.js'
import { formatCount, formatDuration, plural, printable } from './format.js'
import { table } from './table.js'
import { paint, type Theme } from './theme.js'

const TITLES = ['ENTITY', 'TABLE', 'DELETED', 'RESTORED', 'PUT BACK', 'GONE', 'CONFLICTS', '']
const WORDS = new Set(['ENTITY', 'TABLE', ''])

/** What taking a run back would do, for whoever is asked. */
export function surveyText(survey: UndoSurvey, theme: Theme): string {
  const head = `${survey.pipeline}  run ${survey.runId} would be taken back from ${survey.target}`
  const lines = [` ${theme.symbols.dot} ${head}`, '', ...rowsOf(survey.entities), ...conflictLines(survey)]
  return `${lines.map(printable).join('\n')}\n`
}

export function undoText(result: UndoResult, theme: Theme): string {
  if (result.dryRun) return surveyText(result, theme)
  const { symbols } = theme
  const mark = result.verified ? paint(theme, 'good', symbols.done) : paint(theme, 'bad', symbols.failed)
  const state = result.verified ? 'is taken back' : 'is taken back, but a table does not have the rows that it had'
  const head = `${result.pipeline}  run ${result.runId} ${state}   ${formatDuration(result.ms)}`
  const lines = ['', ...rowsOf(result.entities), ...conflictLines(result)].map(printable)
  const notes = result.notes.map(note => `   ${symbols.dot} ${printable(note)}`)
  return `${[` ${mark} ${printable(head)}`, ...lines, ...(notes.length === 0 ? [] : ['', ...notes])].join('\n')}\n`
}

function rowsOf(entities: readonly UndoneEntity[]): string[] {
  const columns = TITLES.map(title => ({ title, align: WORDS.has(title) ? ('left' as const) : ('right' as const) }))
  const rows = entities.map(one => [
    one.entity,
    one.table,
    ...[one.deleted, one.restored, one.putBack, one.gone, one.conflicts].map(formatCount),
    one.dropped ? 'dropped' : '',
  ])
  return table(columns, rows, '   ')
}

function conflictLines({ conflicts, entities }: UndoSurvey): string[] {
  if (conflicts.length === 0) return []
  const all = entities.reduce((sum, entity) => sum + entity.conflicts, 0)
  const more = all > conflicts.length ? [`     and ${formatCount(all - conflicts.length)} more`] : []
  return [
    '',
    `   ${plural(all, 'row')} left as ${all === 1 ? 'it is' : 'they are'}:`,
    ...conflicts.map(({ table: name, key, reason, by }) => {
      const row = key.length === 0 ? '(no key)' : key.map(String).join(', ')
      return `     ${name} ${row}   ${reason === 'changed' ? 'changed since' : `${by} refers to it`}`
    }),
    ...more,
  ]
}
