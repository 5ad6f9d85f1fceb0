import type { Diagnostic } from '../core/diagnostics.js'
import { checkEntity, checkHooks, checkLookup, checkMaxErrors } from './check-entity.js'
import { checkCycles } from './check-graph.js'
import { ruleChecker } from './check-rule.js'
import { functionSchemas } from './schema.js'
import type { Scope } from './shape.js'
import { record } from './shape.js'

/**
 * What the schema cannot say: names that must exist, keys that go together, cycles. Works on data of any shape, so that
 * one pass reports both kinds of problems.
 */
export async function checkMeaning(data: unknown, vars: Iterable<string>): Promise<Diagnostic[]> {
  const file = record(data)
  const diagnostics: Diagnostic[] = []
  const report: Scope['report'] = (code, path, message, hint, severity = 'error') => {
    diagnostics.push({ code, severity, message, path, ...(hint === undefined ? {} : { hint }) })
  }
  const constants = new Set(['$run.id', '$run.started_at', '$entity'])
  for (const name of [...Object.keys(record(file.vars)), ...vars]) constants.add(`$vars.${name}`)
  const scope: Scope = {
    sources: Object.keys(record(file.sources)),
    maps: Object.keys(record(file.maps)),
    lookups: record(file.lookups),
    entities: record(file.entities),
    constants,
    functions: functionSchemas(),
    defaults: record(file.defaults),
    checkRule: await rules(file, constants, report),
    usedMaps: new Set(),
    usedLookups: new Set(),
    report,
  }
  if (scope.sources.includes('target')) {
    report('E217', ['sources', 'target'], 'a source cannot be called "target": that is the target itself')
  }
  for (const [name, lookup] of Object.entries(scope.lookups)) checkLookup(name, lookup, scope)
  for (const [name, entity] of Object.entries(scope.entities)) checkEntity(name, entity, scope)
  checkMaxErrors(scope.defaults.max_errors, ['defaults', 'max_errors'], scope)
  checkHooks(file.hooks, ['hooks'], scope)
  await checkCycles(scope)
  const unused = (kind: string, word: string, names: readonly string[], used: ReadonlySet<string>) => {
    for (const name of names.filter(each => !used.has(each))) {
      report('E214', [kind, name], `no field uses the ${word} "${name}"`, 'Remove it, or use it.', 'warning')
    }
  }
  unused('maps', 'map', scope.maps, scope.usedMaps)
  unused('lookups', 'look-up', Object.keys(scope.lookups), scope.usedLookups)
  return diagnostics
}

/** The expression compiler knows every function, which takes a while to load: only files with rules pay for it. */
async function rules(
  file: Readonly<Record<string, unknown>>,
  constants: ReadonlySet<string>,
  report: Scope['report'],
): Promise<Scope['checkRule']> {
  if (!hasRules(file)) return () => {}
  const { checkExpression } = await import('../transforms/expression.js')
  return ruleChecker(checkExpression, constants, report)
}

function hasRules(file: Readonly<Record<string, unknown>>): boolean {
  return Object.values(record(file.entities)).some(raw => {
    const entity = record(raw)
    const fields = Object.values(record(entity.fields))
    return (
      Object.hasOwn(entity, 'filter') || Object.hasOwn(entity, 'let') || fields.some(field => 'expr' in record(field))
    )
  })
}
