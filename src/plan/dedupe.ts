import { isPure } from '../transforms/expression.js'
import type { Draft } from './draft.js'
import type { EntityPlan } from './plan.js'
import { suggest } from './problems.js'

/** Which of equal rows is loaded; undefined where every row is. */
export function planDedupe(draft: Draft): EntityPlan['dedupe'] {
  const { spec, source, problems } = draft
  if (spec.dedupe === undefined) return undefined
  const names = [...source.columns.map(column => column.name), ...spec.let.map(l => l.name)]
  for (const [i, name] of spec.dedupe.by.entries()) {
    const path = [...spec.path, 'dedupe', 'by', i]
    const rule = spec.let.find(l => l.name === name)
    if (!names.includes(name))
      problems.error('E207', path, `${source.label} has no column ${name}`, suggest(name, names, 'its columns are'))
    if (rule !== undefined && !isPure(rule.rule))
      problems.error('E217', path, `${name} is different at each attempt, so no two rows are equal in it`)
  }
  if (spec.chunks !== undefined) {
    const message = 'rows are read in one piece, so that duplicates are seen: `chunks` is ignored'
    problems.warn('E215', [...spec.path, 'chunks'], message, 'remove `chunks`')
  }
  return { names: spec.dedupe.by, keep: spec.dedupe.keep }
}
