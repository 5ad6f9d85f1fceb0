import { formatTable } from '../core/catalog.js'
import type { Database } from '../core/connector.js'
import type { DocPath } from '../core/diagnostics.js'
import type { EntitySpec, HooksSpec, PipelineSpec } from '../spec/model.js'
import type { Catalogs } from './catalogs.js'
import { TARGET } from './catalogs.js'
import { writersOf } from './dependencies.js'
import type { Problems } from './problems.js'
import { placesOf, sourceName } from './source-shape.js'

/** Are the target's tables files, made anew by each run? */
export function writesFiles(catalogs: Catalogs): boolean {
  return catalogs.database(TARGET).connector.capabilities.files === true
}

/** Says what only a database can do; false where there is no more to be said of the entity. */
export function checkFileTarget(spec: PipelineSpec, entity: EntitySpec, problems: Problems): boolean {
  const refuse = (path: DocPath, what: string, hint: string): void => {
    problems.error('E215', [...entity.path, ...path], `the target is files, and ${what}`, hint)
  }
  const { load, defer, from, hooks, to } = entity
  const adds = load === 'insert' || load === 'replace'
  if (!adds) {
    refuse(['load'], `\`${load}\` looks for rows that are there already`, 'use `load: insert` or `replace`')
  }
  if (defer.length > 0) refuse(['defer'], 'a second pass would change rows', 'write the columns in the first pass')
  if (placesOf(from).some(place => sourceName(place) === TARGET))
    refuse(['from'], 'they are not read', 'read them as a source')
  for (const field of entity.fields) {
    if (field.ref === undefined) continue
    problems.error(
      'E215',
      [...field.path, 'ref'],
      'the target is files, and `ref` asks it for a key',
      'take the key of the source itself, or use a look-up in a source',
    )
  }
  checkHooks(hooks, entity.path, problems)
  if (writersOf(spec, to.table)[0] !== entity) {
    refuse(['to'], `another entity writes ${formatTable(to.table)}`, 'give each entity a file of its own')
  }
  return adds && defer.length === 0 && from.kind !== 'target'
}

/** Only a run that is begun anew must find no file: the one that goes on may have named some already. */
export async function checkNewFiles(
  entities: readonly EntitySpec[],
  target: Database,
  problems: Problems,
): Promise<void> {
  for (const entity of entities) {
    if (entity.load !== 'insert' || !(await target.rights(entity.to.table)).select) continue
    const message = `${formatTable(entity.to.table)} exists already: ${target.identity.label}`
    const hint = 'move the file away, write to another folder, or say `load: replace`'
    problems.error('E524', [...entity.path, 'to'], message, hint)
  }
}

/** The same of what is said of all entities. */
export function checkFiles({ hooks, onFailure }: PipelineSpec, problems: Problems): void {
  checkHooks(hooks, [], problems)
  if (onFailure !== 'undo') return
  const message = 'the target is files, and no run is taken back from them'
  problems.error('E215', ['on_failure'], message, 'say `on_failure: keep`: a file has its name only when it is whole')
}

function checkHooks(hooks: HooksSpec, path: DocPath, problems: Problems): void {
  for (const [when, list] of Object.entries(hooks)) {
    for (const [i, hook] of list.entries()) {
      if (hook.on !== 'target') continue
      const message = 'the target is files, and a hook is SQL'
      problems.error('E215', [...path, 'hooks', when, i], message, 'say `on: SOURCE`, or leave it out')
    }
  }
}
