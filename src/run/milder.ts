import type { EntityPlan } from '../plan/plan.js'

/** The setting that would have put the row aside. */
export function milder(plan: EntityPlan, { code, field }: { readonly code: string; readonly field?: string }): string {
  const own = plan.program.fields.find(({ target }) => target === field)
  if (plan.onError === 'fail' || own === undefined) return '`on_error: quarantine`'
  if (code === 'E410') return `\`unmapped: quarantine\` in ${field}`
  if (code === 'E411' || code === 'E412') return `\`on_missing: quarantine\` in ${field}`
  return code === 'E404' && own.onLossy === 'fail'
    ? `\`on_lossy: quarantine\` in ${field}`
    : `\`on_invalid: quarantine\` in ${field}`
}
