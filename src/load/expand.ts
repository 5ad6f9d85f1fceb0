import type { ConnectionConfig } from '../core/connector.js'
import type { Value } from '../core/row.js'
import type { MapSpec, PipelineSpec } from '../spec/model.js'
import { retype } from './core-scalar.js'
import { expandChecks } from './expand-check.js'
import { expandEntity, maxErrors } from './expand-entity.js'
import { expandBackup, expandEngine, expandHooks, expandTypes, inlineMap, optional } from './expand-parts.js'
import { expandVerify } from './expand-verify.js'
import { expandMappingTests } from './mapping-tests.js'
import { nameList, record } from './shape.js'
import { tableRef } from './table-ref.js'

export interface ExpandOptions {
  readonly mapFiles: ReadonlyMap<string, MapSpec>
  readonly vars: Readonly<Record<string, string>>
}

/** Writes out every short form and default of a valid file. */
export function expand(data: unknown, options: ExpandOptions): PipelineSpec {
  const file = record(data)
  const sources = record(file.sources) as Readonly<Record<string, ConnectionConfig>>
  const onlySource = Object.keys(sources)[0] ?? 'target'
  const inlineMaps = Object.entries(record(file.maps)).filter(([, map]) => typeof map !== 'string')
  const maps = Object.fromEntries([
    ...options.mapFiles,
    ...inlineMaps.map(([name, map]) => [name, inlineMap(map)] as const),
  ])
  const overrides = Object.entries(options.vars).map(([name, value]) => [name, retype(value)])
  const ledger = record(file.ledger)
  const quarantine = record(file.quarantine)
  return {
    name: String(file.name),
    ...optional('description', file.description as string | undefined),
    sources,
    target: file.target as ConnectionConfig,
    vars: { ...(record(file.vars) as Record<string, Value>), ...Object.fromEntries(overrides) },
    maps,
    lookups: Object.fromEntries(
      Object.entries(record(file.lookups)).map(([name, raw]) => {
        const lookup = record(raw)
        return [
          name,
          {
            in: String(lookup.in ?? onlySource),
            table: tableRef(lookup.table),
            key: nameList(lookup.key),
            value: nameList(lookup.value),
            path: ['lookups', name],
          },
        ]
      }),
    ),
    types: expandTypes(file.types, ['types']),
    entities: Object.entries(record(file.entities)).map(([name, raw]) =>
      expandEntity(name, record(raw), { defaults: record(file.defaults), maps, onlySource }),
    ),
    hooks: expandHooks(file.hooks, ['hooks']),
    checks: expandChecks(file.checks, ['checks']),
    tests: expandMappingTests(file.tests),
    quarantine: {
      keepRows: quarantine.keep_rows !== false,
      ...optional('maxErrors', maxErrors(quarantine.max_errors)),
    },
    verify: expandVerify(file.verify),
    consistency: file.consistency === 'strict' ? 'strict' : 'report',
    backup: expandBackup(file.backup),
    ledger: file.ledger === false ? false : optional('schema', ledger.schema as string | undefined),
    undo: file.undo !== false,
    onFailure: file.on_failure === 'undo' ? 'undo' : 'keep',
    engine: expandEngine(file.engine),
  }
}
