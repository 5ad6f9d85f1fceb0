import { keyText } from '../core/row.js'
import type { EntityPlan } from '../plan/plan.js'
import { decodeRecord } from '../run/undo-record.js'
import { canonicalOf } from '../transforms/canonical.js'
import type { Difference } from './api.js'
import type { Comparison } from './comparison.js'
import type { VerifyContext } from './context.js'
import type { Found } from './findings.js'

/**
 * `load: ignore` leaves rows alone that were there before, whatever they hold. Which of the rows that differ those are is
 * told by what the run noted of the rows that it inserted.
 *
 * @returns what is found without them; undefined where it is not known of all: not noted, or not all of them are listed
 */
export async function withoutLeftAlone(
  { ledger, targets, runId, retries }: VerifyContext,
  entity: EntityPlan,
  { key }: Comparison,
  found: Found,
): Promise<Found | undefined> {
  const differing = found.differences.filter(({ kind }) => kind === 'different')
  if (ledger === undefined || differing.length !== found.different) return undefined
  const textOf = ({ key: names }: Difference): string => keyText(key.columns.map(({ name }) => names[name] ?? null))
  const wanted = new Set(differing.map(textOf))
  const inserted = new Set<string>()
  const sound = await targets.ask(async session => {
    for (const run of [runId, ...retries]) {
      const columns = (await ledger.undo.tables(session, run)).get(entity.name)?.key.load
      const places = key.columns.map(({ name }) => columns?.indexOf(name) ?? -1)
      if (columns === undefined || columns.length !== places.length || places.includes(-1)) return false
      const texts = key.columns.map(({ type }) => canonicalOf(type, false))
      for (const batch of await ledger.undo.batches(session, run)) {
        if (batch.entity !== entity.name || batch.inserted === 0) continue
        const content = await ledger.undo.find(session, batch)
        const record = content === undefined ? undefined : decodeRecord(content)
        if (record === undefined || record.lost !== undefined) return false
        for (const row of record.inserted) {
          const values = places.map(place => row[place] ?? null)
          const text = keyText(values.map((value, i) => (value === null ? null : (texts[i]?.(value) ?? null))))
          if (wanted.has(text)) inserted.add(text)
        }
      }
    }
    return true
  })
  if (!sound) return undefined
  const differences = found.differences.filter(one => one.kind !== 'different' || inserted.has(textOf(one)))
  const fields: Record<string, number> = {}
  for (const { column } of differences.flatMap(one => one.fields ?? [])) fields[column] = (fields[column] ?? 0) + 1
  return { ...found, different: inserted.size, differences, fields }
}
