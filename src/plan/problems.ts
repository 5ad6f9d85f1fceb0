import type { ErrorCode } from '../core/codes.js'
import type { Diagnostic, DocPath } from '../core/diagnostics.js'
import type { Pipeline } from '../load/pipeline.js'
import { closest } from '../transforms/suggest.js'

/** Collects every problem of a plan, each with its place in the file, so that all are shown together. */
export class Problems {
  readonly #locate: Pipeline['locate']
  readonly #list: Diagnostic[] = []

  constructor(locate: Pipeline['locate']) {
    this.#locate = locate
  }

  error(code: ErrorCode, path: DocPath, message: string, hint?: string): void {
    this.#add('error', code, path, message, hint)
  }

  warn(code: ErrorCode, path: DocPath, message: string, hint?: string): void {
    this.#add('warning', code, path, message, hint)
  }

  /** Adds what another collection holds. */
  take(other: Problems | undefined): void {
    for (const d of other?.sorted() ?? []) this.#add(d.severity, d.code, d.path, d.message, d.hint)
  }

  /** How many there are, to see whether some were added. */
  get count(): number {
    return this.#list.length
  }

  /** The line of a node of the file. */
  line(path: DocPath): number {
    return this.#locate(path).line
  }

  get failed(): boolean {
    return this.#list.some(problem => problem.severity === 'error')
  }

  /** In the order of the file. */
  sorted(): Diagnostic[] {
    const line = (d: Diagnostic): number => d.position?.line ?? 0
    const column = (d: Diagnostic): number => d.position?.column ?? 0
    return this.#list.toSorted((a, b) => line(a) - line(b) || column(a) - column(b))
  }

  #add(severity: 'error' | 'warning', code: ErrorCode, path: DocPath, message: string, hint?: string): void {
    const known = this.#list.some(
      d => d.code === code && d.message === message && d.path.join('\0') === path.join('\0'),
    )
    if (known) return
    this.#list.push({
      code,
      severity,
      message,
      path,
      position: this.#locate(path),
      ...(hint === undefined ? {} : { hint }),
    })
  }
}

/** `did you mean "X"?` when a name is near, otherwise the names there are (at most ten). */
export function suggest(name: string, names: readonly string[], what = 'there are'): string | undefined {
  const near = closest(name, names)
  if (near !== undefined) return `did you mean "${near}"?`
  if (names.length === 0) return undefined
  const shown = names.slice(0, 10).join(', ')
  return `${what} ${names.length > 10 ? `${shown}, … (${names.length})` : shown}`
}
