import type { Column } from '../core/catalog.js'
import type { Value } from '../core/row.js'
import type { LogicalType } from '../core/types.js'
import type { ColumnProfile } from '../inspect/api.js'
import { wordsOf } from '../inspect/names.js'
import { alikeTexts } from './alike-names.js'

export interface CodeSteps {
  readonly toBoolean?: true
  readonly entries?: readonly (readonly [string, Value])[]
  /** Values that the map says nothing of are rejected; false: they stay as they are. */
  readonly strict?: true
  readonly note?: string
}

const CODE_WORDS = new Set(
  'status state stat type kind code cd flag category cat level role mode gender sex class grade unit'.split(' '),
)
const LONGEST_CODE = 3
const LONGEST_NAMED = 24
/** Each value comes so many times on the average, or it is no code. */
const REPEATED = 3
const ALIKE = 0.7
const YES_NO = new Set(['true', 't', 'yes', 'y', '1', 'on', 'false', 'f', 'no', 'n', '0', 'off'])

/** How a column with few different values becomes the target's; undefined where it needs nothing said. */
export function codeSteps(from: Column, to: LogicalType, profile: ColumnProfile | undefined): CodeSteps | undefined {
  const values = profile?.values?.filter(({ value }) => typeof value === 'string' || typeof value === 'number')
  if (values === undefined || values.length === 0 || values.length < (profile?.values?.length ?? 0)) return undefined
  const texts = values.map(({ value }) => String(value))
  const seen = values.map(({ value, rows }) => `${shown(value)} × ${rows}`).join(', ')
  if (to.kind === 'boolean' && from.type.kind !== 'boolean') {
    if (from.type.kind !== 'text' && texts.every(text => text === '0' || text === '1')) return undefined
    if (texts.every(text => YES_NO.has(text.trim().toLowerCase()))) return { toBoolean: true, note: `found ${seen}` }
    return { note: `decide: found ${seen}; say what is true by apply: [{ to_boolean: { true: […], false: […] } }]` }
  }
  if (to.kind === 'enum' && from.type.kind !== 'enum') return labelled(texts, to.labels, seen)
  if (!isCode(from, values.length, texts, profile)) return undefined
  const entries = values.map(({ value }) => [String(value), value] as const)
  return { entries, note: `decide: what each becomes; found ${seen}` }
}

function isCode(from: Column, different: number, texts: readonly string[], profile?: ColumnProfile): boolean {
  if (!['text', 'integer', 'any'].includes(from.type.kind)) return false
  const rows = (profile?.values ?? []).reduce((sum, each) => sum + each.rows, 0)
  if (different < 2 || rows / different < REPEATED) return false
  const named = wordsOf(from.name).some(word => CODE_WORDS.has(word))
  const longest = Math.max(...texts.map(text => [...text].length))
  if (from.type.kind === 'integer') return named
  return longest <= (named ? LONGEST_NAMED : LONGEST_CODE) && texts.every(text => !/^\d{2,}$/.test(text))
}

function labelled(texts: readonly string[], labels: readonly string[], seen: string): CodeSteps | undefined {
  if (texts.every(text => labels.includes(text))) return undefined
  const entries = texts.flatMap(text => {
    const label = labelOf(text, labels)
    return label === undefined ? [] : [[text, label] as const]
  })
  return { entries, strict: true, note: `decide: found ${seen}; the target takes ${labels.join(', ')}` }
}

function labelOf(text: string, labels: readonly string[]): string | undefined {
  const alike = labels.map(label => alikeTexts(text, label))
  const best = Math.max(...alike)
  if (best >= ALIKE) return labels[alike.indexOf(best)]
  const begun = labels.filter(label => label.toLowerCase().startsWith(text.toLowerCase()))
  return begun.length === 1 && text !== '' ? begun[0] : undefined
}

function shown(value: Value): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
