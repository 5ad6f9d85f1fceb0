import type { Column } from '../core/catalog.js'
import { formatType, type LogicalType } from '../core/types.js'
import type { ColumnProfile } from '../inspect/api.js'
import { castRefusal, conversionRisk } from '../transforms/cast.js'
import { type CodeSteps, codeSteps } from './code-column.js'
import { dateSteps } from './date-steps.js'
import type { ColumnMatch } from './match-columns.js'
import { DECIDE, type FieldProposal, type MapProposal } from './proposal.js'

export interface FieldContext {
  /** What the source column's values look like. */
  readonly profile: ColumnProfile | undefined
  /** What a map of the column is called. */
  readonly mapName: string
  /** The entity that the column refers to, and what is to be said of it. */
  readonly ref?: { readonly entity: string; readonly notes: readonly string[] }
  /** Part of the source's key: never mapped as a code. */
  readonly isKey: boolean
}

/** How one column becomes the target's: the functions it takes, and what may go wrong with its values. */
export function proposeField(
  match: ColumnMatch,
  context: FieldContext,
): FieldProposal & { readonly newMap?: MapProposal } {
  const { from, to } = match
  const head = { target: to.name, from: from.name }
  const notes = [...likeness(match)]
  const { ref } = context
  if (ref !== undefined) {
    return { ...head, ref: ref.entity, notes: [...notes, ...ref.notes, ...nullNotes(from, to, context.profile)] }
  }
  const code = context.isKey ? undefined : codeSteps(from, to.type, context.profile)
  const steps = stepsOf(from, to, context.profile)
  const isText = from.type.kind === 'text' || from.type.kind === 'any'
  const apply = code?.toBoolean === true ? ['to_boolean'] : steps.apply
  const isSaid = apply !== undefined || code !== undefined || steps.notes.length > 0
  const risk = isSaid ? [] : riskNotes(from, to, isText, context.profile)
  const newMap = mapOf(context.mapName, code)
  return {
    ...head,
    ...(apply === undefined ? {} : { apply }),
    ...(newMap === undefined
      ? {}
      : { map: newMap.name, newMap, ...(code?.strict ? {} : { unmapped: 'keep' as const }) }),
    notes: [
      ...notes,
      ...steps.notes,
      ...(code?.note === undefined || newMap !== undefined ? [] : [code.note]),
      ...risk,
      ...nullNotes(from, to, context.profile),
    ],
  }
}

function likeness({ from, to, score, byKey }: ColumnMatch): string[] {
  if (byKey) return [`${DECIDE}matched because both are keys`]
  return score === 1 ? [] : [`${score >= 0.85 ? '' : DECIDE}${from.name} ~ ${to.name} ${score.toFixed(2)}`]
}

function stepsOf(from: Column, to: Column, profile: ColumnProfile | undefined): ReturnType<typeof dateSteps> {
  const temporal = to.type.kind === 'date' || to.type.kind === 'timestamp'
  if (!temporal) return { notes: [] }
  const text = from.type.kind === 'text' || from.type.kind === 'any'
  const read = text || profile?.dates !== undefined ? dateSteps(to.type, profile?.dates) : { notes: [] }
  const hasZone = profile?.dates?.formats.every(({ format }) => format.endsWith('±zone')) === true
  const wantsZone = to.type.kind === 'timestamp' && to.type.zoned
  const isZoned = from.type.kind === 'timestamp' ? from.type.zoned : hasZone
  if (!wantsZone || isZoned || read.notes.some(note => note.startsWith(DECIDE))) return read
  if (text && profile?.dates === undefined) return read
  return {
    apply: [...(read.apply ?? []), { zone: 'UTC' }],
    notes: [`${DECIDE}the zone in which the old clock stood`, ...read.notes],
  }
}

function riskNotes(from: Column, to: Column, isText: boolean, profile: ColumnProfile | undefined): string[] {
  const { risk, note } = conversionRisk(from.type, to.type)
  if (risk === 'lossless' || (isText && from.type.kind === 'any')) return []
  const words = `${formatType(from.type)} → ${formatType(to.type)}`
  if (castRefusal(from.type, to.type) !== undefined) return [`${DECIDE}${words} is refused as it stands`]
  const { min, max } = profile ?? {}
  const isKnown = typeof min === 'number' && typeof max === 'number'
  if (isKnown && to.type.kind === 'integer' && fits(min, max, to.type)) return [`${words}; ${min} … ${max} today`]
  const range = isKnown ? `; ${min} … ${max} today` : ''
  return [`${risk}: ${words}${note === undefined ? '' : `, ${note}`}${range}`]
}

function fits(min: number, max: number, { bits, unsigned }: Extract<LogicalType, { kind: 'integer' }>): boolean {
  const most = 2 ** (unsigned === true ? bits : bits - 1)
  return Number.isInteger(min) && Number.isInteger(max) && max < most && min >= (unsigned === true ? 0 : -most)
}

function nullNotes(from: Column, to: Column, profile: ColumnProfile | undefined): string[] {
  if (to.nullable || !from.nullable) return []
  if (profile === undefined) return ['null → not null']
  if (profile.nulls === 0) return ['null → not null, no null today']
  const nulls = profile.nulls === 1 ? '1 null' : `${profile.nulls} nulls`
  return [`${DECIDE}${nulls}, and the target takes none; give a default: or let the rows be rejected`]
}

function mapOf(name: string, code: CodeSteps | undefined): MapProposal | undefined {
  return code?.entries === undefined || code.entries.length === 0
    ? undefined
    : { name, entries: code.entries, note: code.note ?? '' }
}
