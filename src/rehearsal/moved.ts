import type { Databases } from '../plan/open.js'

export interface Moved {
  /** Sources that are the target's own database: the scratch stands for them too. */
  readonly sources: ReadonlySet<string>
  /** Schema of the target's tables that are named without one; undefined where there are no schemas. */
  readonly home: string | undefined
}

/** Sources that are the target's own database, seen by the same default schema. */
export async function movedOf({ sources, target }: Databases): Promise<Moved> {
  const home = async (database: Databases['target']) => (await database.listTables())[0]?.schema
  const schema = await home(target)
  const same = new Set<string>()
  for (const [name, source] of sources)
    if (source.identity.uid === target.identity.uid && (await home(source)) === schema) same.add(name)
  return { sources: same, home: schema }
}

/** Is what a pipeline calls so in the scratch? */
export function inTarget(place: string, { sources }: Moved): boolean {
  return place === 'target' || place === '$target' || sources.has(place)
}
