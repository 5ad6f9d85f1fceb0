import type { Diagnostic, DocPath, Position } from '../core/diagnostics.js'
import type { Placed } from './env.js'
import type { Span } from './tree.js'

/** Problems with their positions, in the order of the file, without repetitions and without mere consequences. */
export function tidy(placed: readonly Placed[], position: (span: Span) => Position): Diagnostic[] {
  const all = placed.map(({ diagnostic }) => diagnostic)
  const seen = new Set<string>()
  return placed
    .filter(({ diagnostic }) => !isConsequence(diagnostic, all))
    .map(({ diagnostic, span }) => ({ ...diagnostic, position: position(span) }))
    .sort((a, b) => a.position.line - b.position.line || a.position.column - b.position.column)
    .filter(({ code, position: { line, column }, message }) => {
      const key = `${code} ${line}:${column} ${message}`
      return seen.has(key) ? false : seen.add(key)
    })
}

/** A value whose variable is not set is not judged, and a misspelt key is not missed as well. */
function isConsequence(diagnostic: Diagnostic, all: readonly Diagnostic[]): boolean {
  const { code, path, message } = diagnostic
  if (code !== 'E010' && all.some(other => other.code === 'E010' && same(other.path, path))) return true
  if (code !== 'E104' && code !== 'E210' && code !== 'E217') return false
  return all.some(other => {
    const meant = other.code === 'E101' ? /"(.+)"/.exec(other.hint ?? '')?.[1] : undefined
    return meant !== undefined && message.includes(`\`${meant}\``) && startsWith(path, other.path.slice(0, -1))
  })
}

function same(a: DocPath, b: DocPath): boolean {
  return a.length === b.length && startsWith(a, b)
}

function startsWith(path: DocPath, start: DocPath): boolean {
  return start.every((step, i) => String(path[i]) === String(step))
}
