import type { Outcome } from './migration.js'

/** So many migrations strike with every kind of fault that they plan. */
const ENOUGH_RUNS = 50

/** How often each kind of fault was planned, and how often it struck: one that never does proves nothing. */
export class Strikes {
  readonly #kinds = new Map<string, { planned: number; struck: number }>()
  #unused = 0

  add({ planned, happened, unused }: Outcome): void {
    for (const kind of planned) this.#kind(kind).planned++
    for (const kind of happened) this.#kind(kind).struck++
    this.#unused += unused
  }

  /** Kinds that were planned, and never struck in any act. */
  missing(runs: number): string[] {
    if (runs < ENOUGH_RUNS) return []
    const struck = new Set([...this.#kinds].filter(([, { struck }]) => struck > 0).map(([kind]) => bare(kind)))
    return [...new Set([...this.#kinds.keys()].map(bare))].filter(kind => !struck.has(kind))
  }

  /** A Markdown table, and a line with the sums. */
  text(): string {
    const rows = [...this.#kinds].sort(([a], [b]) => (a < b ? -1 : 1))
    const sum = (of: 'planned' | 'struck'): number => rows.reduce((total, [, counts]) => total + counts[of], 0)
    const [planned, struck] = [sum('planned'), sum('struck')]
    const share = planned === 0 ? 0 : Math.round((100 * struck) / planned)
    return [
      '| fault | planned | struck |',
      '|---|---|---|',
      ...rows.map(([kind, { planned, struck }]) => `| ${kind} | ${planned} | ${struck} |`),
      '',
      `${struck} of ${planned} faults struck (${share} %); the turn of ${this.#unused} more never came, since all was done`,
    ].join('\n')
  }

  #kind(kind: string): { planned: number; struck: number } {
    const counts = this.#kinds.get(kind) ?? { planned: 0, struck: 0 }
    this.#kinds.set(kind, counts)
    return counts
  }
}

/** Whatever act it met. */
function bare(kind: string): string {
  return kind.replace(/^[^:]+: /, '')
}
