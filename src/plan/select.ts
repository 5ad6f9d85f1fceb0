import type { Diagnostic } from '../core/diagnostics.js'
import type { Dependency } from './dependencies.js'
import { suggest } from './problems.js'

export interface Selection {
  /** `NAME`, `+NAME` with what it depends on, `NAME+` with what depends on it. Undefined or empty: all. */
  readonly entities?: readonly string[] | undefined
  readonly exclude?: readonly string[] | undefined
}

/** The entities a selection names, as declared; every unknown name is a problem. */
export function selectEntities(
  declared: readonly string[],
  dependencies: readonly Dependency[],
  selection: Selection,
): { readonly names: readonly string[]; readonly problems: readonly Diagnostic[] } {
  const problems: Diagnostic[] = []
  const resolve = (patterns: readonly string[]): Set<string> => {
    const found = new Set<string>()
    for (const pattern of patterns) {
      const name = pattern.replace(/^\+/, '').replace(/\+$/, '')
      if (!declared.includes(name)) {
        const hint = suggest(name, declared, 'the entities are')
        problems.push({
          code: 'E201',
          severity: 'error',
          message: `there is no entity "${name}"`,
          path: ['entities'],
          ...(hint === undefined ? {} : { hint }),
        })
        continue
      }
      found.add(name)
      if (pattern.startsWith('+'))
        closure(
          name,
          d => d.entity,
          d => d.on,
          dependencies,
          found,
        )
      if (pattern.endsWith('+'))
        closure(
          name,
          d => d.on,
          d => d.entity,
          dependencies,
          found,
        )
    }
    return found
  }
  const wanted = selection.entities?.length ? resolve(selection.entities) : new Set(declared)
  const unwanted = resolve(selection.exclude ?? [])
  return { names: declared.filter(name => wanted.has(name) && !unwanted.has(name)), problems }
}

function closure(
  name: string,
  from: (d: Dependency) => string,
  to: (d: Dependency) => string,
  dependencies: readonly Dependency[],
  found: Set<string>,
): void {
  const seen = new Set([name])
  for (const current of seen) {
    for (const d of dependencies) if (from(d) === current) seen.add(to(d))
  }
  for (const other of seen) found.add(other)
}
