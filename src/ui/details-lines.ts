import { bar, percent } from './bar.js'
import { fitText, formatCount, formatDuration, plural } from './format.js'
import { activeTime, type EntityView, type RunState } from './run-state.js'
import { type Line, usableWidth, type View } from './view.js'
import { wrap } from './wrap.js'

const LABEL = 11

/** All that is known of one entity, in at most `rows` lines: what went wrong and where its time goes come first. */
export function detailsLines(state: RunState, entity: EntityView, view: View, rows: number): Line[] {
  const head = [...facts(state, entity, view), ...trouble(entity, view)]
  const blocks = [head, stageLines(entity, view), causeLines(entity, view)].filter(block => block.length > 0)
  const airy = blocks.flatMap(block => [[], ...block])
  const lines = airy.length <= rows ? airy : blocks.flat()
  const left = lines.length - rows + 1
  return left < 2
    ? lines
    : [...lines.slice(0, rows - 1), [{ text: `   ${view.theme.symbols.ellipsis} ${left} more`, tone: 'dim' }]]
}

function facts(state: RunState, entity: EntityView, view: View): Line[] {
  const { counts, way, batches, after } = entity
  const most = way.maxErrors
  const allowed =
    most === undefined
      ? ''
      : ` of at most ${'count' in most ? formatCount(most.count) : `${Number((most.share * 100).toPrecision(4))} %`}`
  const kinds = [
    `${formatCount(counts.written)} ${state.dryRun ? 'ok' : 'written'}`,
    ...(['skipped', 'filtered', 'deduped'] as const)
      .filter(k => counts[k] > 0)
      .map(k => `${formatCount(counts[k])} ${k}`),
    ...(counts.quarantined > 0 || most !== undefined ? [`${formatCount(counts.quarantined)} rejected${allowed}`] : []),
  ]
  const found: (readonly [string, string])[] = [
    ['from', `${way.from} ${view.theme.symbols.arrow} ${way.to}, ${way.load}`],
  ]
  if (counts.read > 0 || most !== undefined) found.push(['rows', kinds.join(', ')])
  if (after.length > 0) found.push(['after', after.join(', ')])
  if (batches > 0) found.push(['batches', `${formatCount(batches)}${pace(state, entity, view)}`])
  return found.flatMap(([label, text]) => labelled(label, text, view))
}

/** How large a batch is and how often one is committed, since this process took the entity up. */
function pace(state: RunState, entity: EntityView, view: View): string {
  const { started, batches, counts } = entity
  if (started === undefined) return ''
  const worked = entity.ms ?? activeTime(state, view.now) - started.active
  const rows = Math.round((counts.read - started.read) / batches)
  return ` of ${plural(rows, 'row')}, one every ${formatDuration(worked / batches)}`
}

function trouble(entity: EntityView, view: View): Line[] {
  const { retries, retrying, message, state } = entity
  const { symbols } = view.theme
  const lines: Line[] = []
  if (retrying !== undefined) {
    const { code, attempt, attempts } = retrying
    lines.push(...labelled('retrying', `${code} ${retrying.message}, attempt ${attempt} of ${attempts}`, view, 'warn'))
  } else if (retries > 0) lines.push(...labelled('retries', formatCount(retries), view))
  if (message !== undefined)
    lines.push(...labelled(state === 'failed' ? `${symbols.failed} failed` : 'why', message, view, 'bad'))
  return lines
}

function labelled(label: string, text: string, view: View, tone?: 'bad' | 'warn'): Line[] {
  return wrap(`   ${label.padEnd(LABEL)}${text}`, usableWidth(view), 3 + LABEL).map((line, i) =>
    i === 0
      ? [{ text: line.slice(0, 3 + LABEL), tone: tone ?? 'dim' }, { text: line.slice(3 + LABEL) }]
      : [{ text: line }],
  )
}

const STAGES = ['read', 'transform', 'write'] as const

/** Where the time of the batches went; the stage that took most of it is the one to look at. */
function stageLines({ stages }: EntityView, view: View): Line[] {
  const all = stages.read + stages.transform + stages.write
  if (all <= 0) return []
  const width = Math.max(6, Math.min(30, usableWidth(view) - 3 - LABEL - 5 - 20))
  const most = Math.max(stages.read, stages.transform, stages.write)
  return STAGES.map(stage => {
    const share = stages[stage] / all
    const slowest = stages[stage] === most && share > 0.5
    return [
      { text: `   ${stage.padEnd(LABEL)}`, tone: 'dim' },
      {
        text: `${bar(share, width, view.theme.symbols)} ${percent(share)}`,
        ...(slowest ? { tone: 'active' as const } : {}),
      },
      { text: slowest ? ` ${view.theme.symbols.pointer} most of the time` : '' },
    ]
  })
}

function causeLines({ causes }: EntityView, view: View): Line[] {
  if (causes.length === 0) return []
  const width = Math.max(...causes.map(({ rows }) => formatCount(rows).length), LABEL - 2)
  return [
    [{ text: '   rejected, by cause', tone: 'dim' }],
    ...causes.map(
      ({ code, text, rows }): Line => [
        { text: `   ${formatCount(rows).padStart(width)}  `, tone: 'warn' },
        { text: fitText(`${code} ${text}`, Math.max(1, usableWidth(view) - width - 5), view.theme.symbols.ellipsis) },
      ],
    ),
  ]
}
