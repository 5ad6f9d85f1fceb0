import type { Value } from '../core/row.js'
import type { NamedValue, RowTrace, TracedField, TracedRun, TraceStep } from '../trace/api.js'
import { printable } from './format.js'
import { paint, type Theme, type Tone } from './theme.js'
import { wrap } from './wrap.js'

interface Look {
  readonly theme: Theme
  readonly width: number
}

const MOST_NAME = 28
const MOST_STEP = 40
/** Longer values are cut: the whole of them is in `--json`. */
const MOST_TEXT = 200

/** One row from the source to the target, step by step. */
export function traceText(trace: RowTrace, look: Look): string {
  const { theme } = look
  const { entity, key, source, target, lets, fields } = trace
  const title = (text: string): string => ` ${paint(theme, 'strong', text)}`
  const arrow = theme.symbols.arrow
  const blocks = [
    [
      ` ${paint(theme, 'strong', printable(`${entity} ${key}`))}   ${printable(source.from)} ${arrow} ${printable(target.table)}`,
    ],
    [
      title('source row'),
      ...(source.note === undefined ? [] : [`   ${paint(theme, 'warn', `! ${printable(source.note)}`)}`]),
      ...pairs((source.row ?? []).map(shownPair), look),
    ],
    lets.length === 0
      ? []
      : [
          title('let'),
          ...pairs(
            lets.map(one => ('value' in one ? shownPair(one) : failedPair(one))),
            look,
          ),
        ],
    fields.length === 0 ? [] : [title('fields'), ...fields.flatMap(field => fieldLines(field, look))],
    outcomeLines(trace, title, look),
    [
      title('target now'),
      ...(target.note === undefined ? [] : wrap(`   ${printable(target.note)}`, look.width, 3)),
      ...pairs(
        (target.row ?? []).map(each => [each.name, shown(each.value), each.differs ? 'differs' : ''] as const),
        look,
      ),
    ],
    [title('runs'), ...runLines(trace, look)],
  ]
  return `${blocks
    .filter(lines => lines.length > 0)
    .map(lines => lines.join('\n'))
    .join('\n\n')}\n`
}

type Pair = readonly [name: string, text: string, note?: string]

function shownPair({ name, value }: NamedValue): Pair {
  return [name, shown(value)]
}

function failedPair({ name, error }: { readonly name: string; readonly error: TraceStep['error'] }): Pair {
  return [name, `${error?.code} ${error?.message}`]
}

function pairs(all: readonly Pair[], { theme, width }: Look): string[] {
  const most = Math.min(MOST_NAME, Math.max(0, ...all.map(([name]) => name.length)))
  return all.flatMap(([name, text, note]) => {
    const told = note ? `${text}   ${paint(theme, 'warn', `! ${note}`)}` : text
    return wrap(`   ${printable(name).padEnd(most)}  ${told}`, width, 5 + most)
  })
}

/** A value that nothing is done to. */
function isPlain({ steps }: TracedField): boolean {
  const [first, second] = steps
  const whole = steps.length === 2 && steps.every(({ error, note }) => error === undefined && note === undefined)
  return whole && shown(first?.value ?? null) === shown(second?.value ?? null)
}

function fieldLines(field: TracedField, { theme, width }: Look): string[] {
  const { target, steps, pass } = field
  const name = `   ${paint(theme, 'active', printable(target))}${pass === 'defer' ? '   second pass' : ''}`
  if (isPlain(field)) {
    const words = steps.map(({ step }) => printable(step)).join(', ')
    return wrap(`${name}   ${words}   ${shown(steps[0]?.value ?? null)}`, width, 5)
  }
  const most = Math.min(MOST_STEP, Math.max(...steps.map(({ step }) => step.length)))
  const lines = steps.flatMap(({ step, value, error, note }) => {
    const { failed, warning } = theme.symbols
    const told =
      error === undefined
        ? shown(value ?? null)
        : `${paint(theme, 'bad', failed)} ${error.code} ${printable(error.message)}`
    const more = note === undefined ? '' : `   ${paint(theme, 'warn', warning)} ${note}`
    const label = printable(step)
    // A function with many parameters has a line of its own, so that the values stay below each other.
    const above = label.length > most ? wrap(`     ${label}`, width, 7) : []
    const line = `     ${(above.length > 0 ? '' : label).padEnd(most)}  ${told}${more}`
    return [...above, ...wrap(line, width, 7 + most)]
  })
  return [name, ...lines]
}

function outcomeLines({ outcome, kept, key }: RowTrace, title: (text: string) => string, look: Look): string[] {
  if (outcome === undefined) return []
  const { theme, width } = look
  const { symbols } = theme
  const say = (tone: Tone, mark: string, text: string): string[] => [
    title('a run of today'),
    ...wrap(`   ${mark} ${printable(text)}`, width, 5).map((line, i) =>
      i === 0 ? line.replace(mark, paint(theme, tone, mark)) : line,
    ),
  ]
  switch (outcome.kind) {
    case 'written':
      return [
        ...say(
          'good',
          symbols.done,
          `writes it${kept === undefined ? '' : `; ${kept} is kept of those that are like it`}`,
        ),
        ...pairs(outcome.row.map(shownPair), look),
      ]
    case 'filtered':
      return say('dim', symbols.skipped, '`filter` leaves it out')
    case 'duplicate':
      return say('dim', symbols.skipped, `leaves it out: it is a duplicate of ${kept ?? key}, which is kept`)
    case 'rejected': {
      const { code, field, message } = outcome
      return say('bad', symbols.failed, `rejects it: ${code} ${field === undefined ? '' : `${field}: `}${message}`)
    }
  }
}

function runLines({ runs, note }: RowTrace, { theme, width }: Look): string[] {
  if (runs.length === 0) return wrap(`   ${note ?? 'no run of the ledger tells of it'}`, width, 3)
  return runs.flatMap(run => wrap(`   ${paint(theme, 'strong', run.runId)} ${run.state}   ${whatOf(run)}`, width, 5))
}

function whatOf({ startedAt, batch, noted }: TracedRun): string {
  if (noted !== undefined) {
    const { code, field, message, policy, state } = noted
    const did = policy === 'dedupe' ? 'left out' : policy === 'skip' ? 'skipped' : 'rejected'
    const settled = state === 'closed' ? ', loaded by a retry since' : ''
    return printable(
      `${did} in batch ${noted.batch}: ${code} ${field === undefined ? '' : `${field}: `}${message}${settled}`,
    )
  }
  if (batch === undefined) return `begun ${startedAt}`
  return `it lies in batch ${batch.number}, committed ${batch.committedAt}${batch.undone ? ', taken back since' : ''}`
}

/** A value as one sees what it is: text in quotes. */
function shown(value: Value): string {
  if (value === null) return 'null'
  if (Buffer.isBuffer(value)) {
    const hex = value.subarray(0, 32).toString('hex')
    return `\\x${hex}${value.length > 32 ? `… (${value.length} bytes)` : ''}`
  }
  if (typeof value !== 'string') return String(value)
  const characters = [...value]
  const cut = characters.length > MOST_TEXT ? `… (${characters.length} characters)` : ''
  return `${printable(JSON.stringify(characters.slice(0, MOST_TEXT).join('')))}${cut}`
}
