import { EtlError } from '../core/errors.js'
import { fromJson, type Value } from '../core/row.js'
import type { ShownMark } from '../plan/explain.js'
import type { EntityPlan, Plan } from '../plan/plan.js'
import { readsOf } from '../plan/plan.js'
import type { Ledger } from './ledger.js'
import type { Sessions } from './sessions.js'

/** Where the ledger keeps the windows of an entity's runs, one for each place that is read; the end of a done one is a mark. */
export const WINDOW_STEP = 'window'

/** A high-water mark and what it belongs to. */
export interface Mark {
  /** Of a union, otherwise empty. */
  readonly member: string
  readonly column: string
  /** The source's own id. */
  readonly source: string
  readonly value: Value
}

interface Known {
  readonly plan: Plan
  readonly targets: Sessions
  /** Undefined where the target has none yet. */
  readonly ledger: Ledger | undefined
}

/** A place of an incremental entity and how far earlier runs have read it. */
interface MarkedPlace {
  readonly place: Omit<Mark, 'value'>
  /** Undefined where no run has finished it yet, or only with another column or source. */
  readonly mark?: Mark
  /** The mark there is, of another column or source: why nobody goes by it. */
  readonly foreign?: string
}

/** The mark of each place of an incremental entity; undefined where no run has finished it yet, or only another column. */
export async function marksOf(known: Known, entity: EntityPlan): Promise<readonly (Mark | undefined)[]> {
  return (await markedPlaces(known, entity)).map(({ mark }) => mark)
}

/** What a new run would read anew because its marks are of another column or source: one line each. */
export async function foreignMarks(known: Known): Promise<string[]> {
  const found: string[] = []
  for (const entity of known.plan.entities.filter(({ incremental }) => incremental !== undefined))
    for (const { foreign } of await markedPlaces(known, entity)) if (foreign !== undefined) found.push(foreign)
  return found
}

/** The marks that a new run of the plan would go by, as its target has them now. */
export async function shownMarks(known: Known): Promise<ShownMark[]> {
  const shown: ShownMark[] = []
  for (const entity of known.plan.entities.filter(({ incremental }) => incremental !== undefined)) {
    for (const { place, mark, foreign } of await markedPlaces(known, entity)) {
      const { member, column } = place
      shown.push({
        entity: entity.name,
        ...(member === '' ? {} : { member }),
        column,
        ...(mark === undefined ? {} : { value: String(mark.value) }),
        ...(foreign === undefined ? {} : { problem: foreign }),
      })
    }
  }
  return shown
}

export function foreignMark(message: string): EtlError {
  return new EtlError('E506', message, {
    kind: 'usage',
    hint: 'undo the change, or read everything again: `etl run … --accept-changes`',
  })
}

async function markedPlaces({ plan, targets, ledger }: Known, entity: EntityPlan): Promise<MarkedPlace[]> {
  const texts =
    ledger === undefined
      ? []
      : await targets.ask(session => ledger.doneSteps(session, plan.pipeline, entity.name, WINDOW_STEP))
  const marks = texts.map(parseMark).filter(({ value }) => value !== null)
  return readsOf(entity.read).map((_, i) => {
    const place = placeOf(plan, entity, i)
    const { member, column, source } = place
    const mark = marks.findLast(candidate => candidate.member === member)
    if (mark === undefined) return { place }
    if (mark.column === column && mark.source === source) return { place, mark }
    const what = mark.column === column ? 'another source' : `column ${mark.column}, and the file says ${column}`
    return {
      place,
      foreign: `the high-water mark of ${entity.name}${member === '' ? '' : ` (${member})`} is of ${what}`,
    }
  })
}

/** What a mark of one of the entity's places belongs to. */
export function placeOf(plan: Plan, entity: EntityPlan, place: number): Omit<Mark, 'value'> {
  const { from } = entity.read
  const member = from.kind === 'union' ? from.members[place] : undefined
  const read = readsOf(entity.read)[place]
  const source = read === undefined || read.from.kind === 'rows' ? '' : read.from.source
  return {
    member: member?.name ?? '',
    column: read?.columns[read.mark ?? 0]?.name ?? '',
    source: (source === '$target' ? plan.target : plan.sources[source])?.uid ?? '',
  }
}

export function parseMark(text: string): Mark {
  const mark = JSON.parse(text) as Omit<Mark, 'value'> & { readonly value: unknown }
  return { ...mark, value: fromJson(mark.value) }
}
