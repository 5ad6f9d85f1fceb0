import type { RunRecord } from '../history/record.js'
import { formatBytes, formatCount, formatDuration, plural } from '../ui/format.js'
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

/** What a verification leaves in the record, as far as the page shows it. */
interface Verified {
  readonly level: string
  readonly state: string
  readonly ms: number
  readonly warnings?: readonly string[]
  readonly entities: readonly {
    readonly name: string
    readonly state: string
    readonly counts: { readonly source: number; readonly target?: number; readonly problems: readonly string[] }
    readonly rows?: Readonly<Record<'expected' | 'equal' | 'different' | 'missing' | 'extra', number>>
    readonly proves?: string
    readonly fields: readonly { readonly column: string; readonly step: string; readonly rows: number }[]
    readonly notVerifiable: readonly { readonly column?: string; readonly why: string }[]
    readonly allowed: readonly { readonly rule: string; readonly values: number }[]
    readonly notes: readonly string[]
  }[]
}

const STATE_TONES: Readonly<Record<string, PageTone>> = {
  verified: 'good',
  mismatch: 'bad',
  'not-verifiable': 'warn',
  suspended: 'warn',
}

/** Whether the target is what the source and the mapping say. */
export const verificationSection: SectionMaker = record => {
  const { verification } = record as RunRecord & { readonly verification?: Verified }
  if (verification === undefined) return undefined
  const { level, state, entities, ms, warnings = [] } = verification
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
      tag(STATE_TONES[entity.state] ?? 'plain', entity.state.replaceAll('-', ' ')),
      html`<b>${entity.name}</b>${remarks.map(remark => html`<span class="keys">${remark}</span>`)}`,
      formatCount(counts.source),
      counts.target === undefined ? '' : formatCount(counts.target),
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
export const backupSection: SectionMaker = record => {
  const { backup } = record as RunRecord & {
    readonly backup?: {
      readonly backup?: string
      readonly file?: string
      readonly size?: number
      readonly checksum?: string
    }
  }
  if (backup === undefined) return undefined
  const facts = [
    ['file', backup.file ?? backup.backup],
    ['size', backup.size === undefined ? undefined : formatBytes(backup.size)],
    ['SHA-256', backup.checksum],
  ].filter(([, text]) => text !== undefined)
  return {
    id: 'backup',
    title: 'Backup',
    lead: 'Made before anything was written.',
    body: html`<dl class="facts">${facts.map(([name, text]) => html`<dt>${name}</dt><dd class="mono">${text}</dd>`)}</dl>`,
  }
}

interface Undone {
  readonly verified?: boolean
  readonly entities: readonly {
    readonly entity: string
    readonly table: string
    readonly deleted: number
    readonly restored: number
    readonly putBack: number
    readonly conflicts: number
  }[]
  readonly notes?: readonly string[]
}

/** What was taken back, where the run failed and the file wants that. */
export const undoneSection: SectionMaker = record => {
  const { undone } = record as RunRecord & { readonly undone?: Undone }
  if (undone === undefined) return undefined
  const numeric = (title: string) => ({ title, numeric: true })
  const rows = undone.entities.map(({ entity, table, deleted, restored, putBack, conflicts }) => [
    html`<b>${entity}</b><span class="keys">${table}</span>`,
    ...[deleted, restored, putBack, conflicts].map(formatCount),
  ])
  const columns = ['Deleted', 'Restored', 'Put back', 'Left alone'].map(numeric)
  return {
    id: 'undone',
    title: 'Taken back',
    lead: `The run was undone${undone.verified === false ? ', and the number of rows is not what it was before' : ''}.`,
    body: html`${htmlTable(['Entity', ...columns], rows)}${(undone.notes ?? []).map(note => html`<p>${note}</p>`)}`,
  }
}
