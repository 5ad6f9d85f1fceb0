import { basename } from 'node:path'
import type { BackupResult } from '../backup/backup.js'
import type { RestorePlan, RestoreResult } from '../backup/restore.js'
import { formatCount, formatDuration, plural, printable } from './format.js'
import { table } from './table.js'
import { paint, type Theme } from './theme.js'

/** `4.2 MB` */
export function formatBytes(bytes: number): string {
  if (bytes < 1e3) return plural(bytes, 'byte')
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`
}

/** What `etl backup` made. */
export function backupText(result: BackupResult, theme: Theme): string {
  const { tables, note, removed } = result
  const rows = tables.reduce((sum, { rows = 0 }) => sum + rows, 0)
  const counted = tables.some(each => each.rows !== undefined) ? `, ${plural(rows, 'row')}` : ''
  const lines = [
    `${paint(theme, 'good', theme.symbols.done)} ${result.backup}`,
    `  of      ${result.original}: ${plural(tables.length, 'table')}${counted}`,
    `  by      ${result.tool}${result.encrypted ? ', encrypted' : ''}`,
    ...(note === undefined ? [] : [`  note    ${note}`]),
    `  size    ${formatBytes(result.size)} in ${formatDuration(result.ms)}`,
    `  sha256  ${result.checksum}`,
    ...(removed.length === 0 ? [] : [`  removed ${removed.join(', ')}`]),
  ]
  return `${lines.map(printable).join('\n')}\n`
}

/** What a restore is about to do, for whoever is asked. */
export function restorePlanText(plan: RestorePlan, theme: Theme): string {
  const { metadata } = plan
  const what = plan.whole ? 'all of it is replaced' : `${plural(plan.tables.length, 'table')} are emptied and filled`
  const lines = [
    `${theme.symbols.warning} ${plan.target}: ${what}`,
    `  from    ${basename(plan.file)}, made ${metadata.timestamp} of ${metadata.original}`,
    ...(plan.otherTarget ? [`  note    this is not the target that the backup was made of`] : []),
  ]
  const columns = [
    { title: 'TABLE', align: 'left' as const },
    { title: 'NOW', align: 'right' as const },
    { title: 'THEN', align: 'right' as const },
  ]
  const count = (rows: number | undefined) => (rows === undefined ? '?' : formatCount(rows))
  const rows = plan.tables.map(({ name, now, saved }) => [printable(name), count(now), count(saved)])
  return `${[...lines.map(printable), ...table(columns, rows, '  ')].join('\n')}\n`
}

/** What `etl restore` did. */
export function restoreText(result: RestoreResult, theme: Theme): string {
  const { undone, preRestore } = result
  const lines = [
    `${paint(theme, 'good', theme.symbols.done)} ${result.target} is as it was ${result.metadata.timestamp} (${formatDuration(result.ms)})`,
    ...(preRestore === undefined ? [] : [`  before  ${preRestore.backup}`]),
    ...(undone.length === 0 ? [] : [`  undone  ${undone.length === 1 ? 'run' : 'runs'} ${undone.join(', ')}`]),
  ]
  return `${lines.map(printable).join('\n')}\n`
}
