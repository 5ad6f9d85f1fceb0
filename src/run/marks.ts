import { EtlError } from '../core/errors.js'
import { fromJson, type Value } from '../core/row.js'
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
  readonly ledger: Ledger
}

/** The mark of each place of an incremental entity; undefined where no run has finished it yet, or only another column. */
export async function marksOf(known: Known, entity: EntityPlan): Promise<readonly (Mark | undefined)[]> {
  const marks = await latestMarks(known, entity)
  return marks.map((mark, i) => {
    const { column, source } = placeOf(known.plan, entity, i)
    return mark?.column === column && mark.source === source ? mark : undefined
  })
}

/** What a new run would read anew because its marks are of another column or source: one line each. */
export async function foreignMarks(known: Known): Promise<string[]> {
  const found: string[] = []
  for (const entity of known.plan.entities.filter(({ incremental }) => incremental !== undefined)) {
    for (const [i, mark] of (await latestMarks(known, entity)).entries()) {
      const { member, column, source } = placeOf(known.plan, entity, i)
      if (mark === undefined || (mark.column === column && mark.source === source)) continue
      const what = mark.column === column ? 'another source' : `column ${mark.column}, and the file says ${column}`
      found.push(`the high-water mark of ${entity.name}${member === '' ? '' : ` (${member})`} is of ${what}`)
    }
  }
  return found
}

export function foreignMark(message: string): EtlError {
  return new EtlError('E506', message, {
    kind: 'usage',
    hint: 'undo the change, or read everything again: `etl run … --accept-changes`',
  })
}

async function latestMarks({ plan, targets, ledger }: Known, entity: EntityPlan): Promise<(Mark | undefined)[]> {
  const texts = await targets.ask(session => ledger.doneSteps(session, plan.pipeline, entity.name, WINDOW_STEP))
  const marks = texts.map(parseMark).filter(({ value }) => value !== null)
  return readsOf(entity.read).map((_, i) => {
    const { member } = placeOf(plan, entity, i)
    return marks.findLast(candidate => candidate.member === member)
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
