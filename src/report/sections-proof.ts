import { formatBytes, formatCount, formatDuration, plural } from '../ui/format.js'
import type { VerifyState } from '../verify/api.js'
import { html, type Markup } from './markup.js'
import type { SectionMaker } from './section.js'
import { htmlTable } from './table.js'
import type { PageTone } from './tone.js'

function tag(tone: PageTone, text: string): Markup {
  return html`<span class="tag ${tone}">${text}</span>`
}

const CHECK_TONES = { passed: 'good', failed: 'bad', broken: 'bad', skipped: 'plain' } as const

/** Rules that were asked before and after the run. */
export const checksSection: SectionMaker = ({ checks }) => {
  if (checks === undefined || checks.outcomes.length === 0) return undefined
  const { outcomes, forced } = checks
  const failed = outcomes.filter(({ state }) => state === 'failed' || state === 'broken').length
  const rows = outcomes.map(({ name, entity, on, phase, severity, state, count, detail, ms }) => {
    const mild = severity === 'info' || severity === 'warning'
    const tone = CHECK_TONES[state] === 'bad' && mild ? 'warn' : CHECK_TONES[state]
    return [
      tag(tone, state),
      html`<b>${name}</b>${state !== 'passed' && html`<span class="keys">${detail}</span>`}`,
      entity ?? '',
      `${on}, ${phase}`,
      severity,
      count === undefined ? '' : formatCount(count),
      formatDuration(ms),
    ]
  })
  const numeric = (title: string) => ({ title, numeric: true })
  return {
    id: 'checks',
    title: 'Checks',
    lead: `${failed === 0 ? 'All hold' : `${plural(failed, 'check')} of ${outcomes.length} failed`}${forced ? '; errors were let pass (--force)' : ''}.`,
    body: htmlTable(['', 'Check', 'Entity', 'On', 'Severity', numeric('Rows'), numeric('Time')], rows),
  }
}

export const STATE_TONES: Readonly<Record<VerifyState, PageTone>> = {
  verified: 'good',
  mismatch: 'bad',
  'not-verifiable': 'warn',
  suspended: 'warn',
}

/** Whether the target is what the source and the mapping say. */
export const verificationSection: SectionMaker = ({ verification }) => {
  if (verification === undefined) return undefined
  const { level, state, entities, ms, warnings } = verification
  const rows = entities.map(entity => {
    const { counts, rows } = entity
    const remarks = [
      ...counts.problems,
      ...entity.fields.map(({ column, step, rows }) => `${column}: ${plural(rows, 'value')} differ (${step})`),
      ...entity.notVerifiable.map(({ column, why }) => (column === undefined ? why : `${column}: ${why}`)),
      ...entity.allowed.map(({ rule, values }) => `allowed: ${rule} × ${formatCount(values)}`),
      ...(entity.proves === undefined ? [] : [entity.proves]),
      ...entity.notes,
    ]
    const number = (value: number | undefined): Markup | string =>
      value === undefined || value === 0 ? html`<span class="faint">·</span>` : formatCount(value)
    return [
      tag(STATE_TONES[entity.state], entity.state.replaceAll('-', ' ')),
      html`<b>${entity.name}</b>${remarks.map(remark => html`<span class="keys">${remark}</span>`)}`,
      formatCount(counts.source),
      formatCount(counts.target),
      number(rows?.equal),
      number(rows?.different),
      number(rows?.missing),
      number(rows?.extra),
    ]
  })
  const numeric = (title: string) => ({ title, numeric: true })
  const columns = ['Source', 'Target', 'Equal', 'Different', 'Missing', 'Extra'].map(numeric)
  return {
    id: 'verification',
    title: 'Verification',
    lead: `${state.replaceAll('-', ' ').toUpperCase()} at level ${level}, in ${formatDuration(ms)}: the source was put through the same mapping again and compared with the target.`,
    body: html`${htmlTable(['', 'Entity', ...columns], rows)}${warnings.length > 0 && html`<ul>${warnings.map(text => html`<li>${text}</li>`)}</ul>`}`,
  }
}

/** The copy that was made before anything was written. */
export const backupSection: SectionMaker = ({ backup }) => {
  if (backup === undefined) return undefined
  const { tables, tool, timestamp, size, checksum, encrypted } = backup
  const facts = [
    ['file', backup.backup],
    ['made by', `${tool} at ${timestamp}`],
    ['size', `${formatBytes(size)}${encrypted ? ', encrypted' : ''}`],
    ['SHA-256', checksum],
    [
      'tables',
      tables.map(({ table, rows }) => (rows === undefined ? table : `${table} (${formatCount(rows)})`)).join(', '),
    ],
  ]
  return {
    id: 'backup',
    title: 'Backup',
    lead: 'Made before anything was written; etl restore puts it back.',
    body: html`<dl class="facts">${facts.map(([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>`)}</dl>`,
  }
}

/** What was taken back, where the run failed and the file wants that. */
export const undoneSection: SectionMaker = ({ undone }) => {
  if (undone === undefined) return undefined
  const numeric = (title: string) => ({ title, numeric: true })
  const rows = undone.entities.map(({ entity, table, deleted, restored, putBack, conflicts, dropped }) => [
    html`<b>${entity}</b><span class="keys">${table}${dropped && ', which the run had made, is dropped'}</span>`,
    ...[deleted, restored, putBack, conflicts].map(rows =>
      rows === 0 ? html`<span class="faint">·</span>` : formatCount(rows),
    ),
  ])
  const columns = ['Deleted', 'Restored', 'Put back', 'Left alone'].map(numeric)
  return {
    id: 'undone',
    title: 'Taken back',
    lead: undone.verified
      ? 'The run failed, and what it had written was taken back: the tables have the rows that they had before.'
      : 'The run failed, and what it had written was taken back, but a table does not have the rows that it had before.',
    body: html`${htmlTable(['Entity', ...columns], rows)}${undone.notes.length > 0 && html`<ul>${undone.notes.map(note => html`<li>${note}</li>`)}</ul>`}`,
  }
}
