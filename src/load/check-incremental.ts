import type { DocPath } from '../core/diagnostics.js'
import type { Scope } from './shape.js'
import { record } from './shape.js'

/** `incremental` with what makes it lose rows. */
export function checkIncremental(entity: Readonly<Record<string, unknown>>, path: DocPath, scope: Scope): void {
  if (entity.incremental === undefined) return
  const at = [...path, 'incremental']
  if ((entity.load ?? scope.defaults.load) === 'replace') {
    const hint = 'Use `load: upsert`.'
    scope.report('E215', at, '`load: replace` would empty the table and load only what is new', hint)
  }
  if (record(entity.from).rows !== undefined)
    scope.report('E215', at, 'rows of the file have no later runs to be read in', 'Remove `incremental`.')
  if (!scope.ledger) {
    const hint = 'Remove `ledger: false` or `incremental`.'
    scope.report('E215', at, 'the ledger keeps the high-water mark, and it is switched off', hint)
  }
}
