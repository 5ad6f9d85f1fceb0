import type { Pipeline } from '../load/pipeline.js'
import { placesOf } from '../plan/source-shape.js'

/** An entity's name, and those of the tables and files that it reads: what may stand before the condition of an `include`. */
export function namesOf({ spec }: Pipeline, name: string): readonly string[] {
  const from = spec.entities.find(entity => entity.name === name)?.from
  const places = from === undefined ? [] : placesOf(from)
  return [name, ...places.flatMap(place => ('table' in place ? [place.table.table] : []))]
}
