import type { Diagnostic, DocPath } from '../core/diagnostics.js'
import { checkChecks } from './check-checks.js'
import { checkEntity, checkHooks, checkLookup, checkMaxErrors, checkTypes } from './check-entity.js'
import { checkCycles } from './check-graph.js'
import { ruleChecker } from './check-rule.js'
import { checkMappingTests } from './mapping-tests.js'
import { functionSchemas } from './schema.js'
import type { Scope } from './shape.js'
import { list, record } from './shape.js'

/**
 * What the schema cannot say: names that must exist, keys that go together, cycles. Works on data of any shape, so that
 * one pass reports both kinds of problems.
 */
export async function checkMeaning(data: unknown, vars: Readonly<Record<string, unknown>>): Promise<Diagnostic[]> {
  const file = record(data)
  const diagnostics: Diagnostic[] = []
  const report: Scope['report'] = (code, path, message, hint, severity = 'error') => {
    diagnostics.push({ code, severity, message, path, ...(hint === undefined ? {} : { hint }) })
  }
  const values = new Map(
    Object.entries({ ...record(file.vars), ...vars }).map(([name, value]) => [`$vars.${name}`, value]),
  )
  const constants = new Set(['$run.id', '$run.started_at', '$entity', ...values.keys()])
  const scope: Scope = {
    sources: Object.keys(record(file.sources)),
    maps: Object.keys(record(file.maps)),
    lookups: record(file.lookups),
    entities: record(file.entities),
    constants,
    functions: functionSchemas(),
    defaults: record(file.defaults),
    ledger: file.ledger !== false,
    ...(await checksOfFunctions(file, constants, values, report)),
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
  checkMaxErrors(record(file.quarantine).max_errors, ['quarantine', 'max_errors'], scope)
  checkTypes(file.types, ['types'], scope)
  checkHooks(file.hooks, ['hooks'], scope)
  checkChecks(file.checks, ['checks'], 'pipeline', scope)
  checkMappingTests(file.tests, scope)
  checkEngine(file.engine, scope)
  await checkCycles(scope)
  for (const [path, connection] of connections(file)) {
    if (connection.insecure_tls !== true) continue
    const message =
      'nobody proves which server answers: what passes, the password too, may be read or changed on its way'
    report('E230', [...path, 'insecure_tls'], message, 'Have the server prove itself by TLS, with `ssl_ca`.', 'warning')
  }
  const unused = (kind: string, word: string, names: readonly string[], used: ReadonlySet<string>) => {
    for (const name of names.filter(each => !used.has(each))) {
      report('E214', [kind, name], `no field uses the ${word} "${name}"`, 'Remove it, or use it.', 'warning')
    }
  }
  unused('maps', 'map', scope.maps, scope.usedMaps)
  unused('lookups', 'look-up', Object.keys(scope.lookups), scope.usedLookups)
  return diagnostics
}

/** A limit of a source that does not exist limits nothing. */
function checkEngine(raw: unknown, { sources, report }: Scope): void {
  for (const name of Object.keys(record(record(raw).limits)).filter(each => !sources.includes(each))) {
    report('E202', ['engine', 'limits', name], `there is no source "${name}"`, `Name one of: ${sources.join(', ')}.`)
  }
}

/** Loading every function takes a while: only files with rules or with parameters of functions pay for it. */
async function checksOfFunctions(
  file: Readonly<Record<string, unknown>>,
  constants: ReadonlySet<string>,
  values: ReadonlyMap<string, unknown>,
  report: Scope['report'],
): Promise<Pick<Scope, 'checkRule' | 'checkCall'>> {
  if (!usesFunctions(file)) return { checkRule: () => {}, checkCall: () => {} }
  const { checkExpression, refusal } = await import('../transforms/expression.js')
  return {
    checkRule: ruleChecker(checkExpression, constants, values, report),
    checkCall: (fn, params, path) => {
      const problem = refusal(fn, params)
      if (problem !== undefined) report(problem.code, path, problem.message, problem.hint)
    },
  }
}

function usesFunctions(file: Readonly<Record<string, unknown>>): boolean {
  return Object.values(record(file.entities)).some(raw => {
    const entity = record(raw)
    const fields = Object.values(record(entity.fields)).map(record)
    return (
      Object.hasOwn(entity, 'filter') ||
      Object.hasOwn(entity, 'let') ||
      fields.some(field => 'expr' in field || list(field.apply).some(step => typeof step === 'object'))
    )
  })
}

function connections(
  file: Readonly<Record<string, unknown>>,
): (readonly [DocPath, Readonly<Record<string, unknown>>])[] {
  const sources = Object.entries(record(file.sources))
  return [
    ...sources.map(([name, source]) => [['sources', name], record(source)] as const),
    [['target'], record(file.target)],
  ]
}
