import type { EngineName } from './engines.js'
import type { Outcome } from './migration.js'

interface Figure {
  points: number
  lost: number
  doubled: number
}

/** By target engine and kind of fault. */
export type Figures = Map<string, Figure>

export function figures(): Figures {
  return new Map()
}

export function addOutcome(table: Figures, { target, happened, lost, doubled }: Outcome): void {
  for (const fault of happened.length === 0 ? ['no fault hit'] : new Set(happened)) {
    const points = Math.max(1, happened.filter(name => name === fault).length)
    addFigure(table, target, fault, { points, lost, doubled })
  }
}

export function addFigure(table: Figures, engine: EngineName, fault: string, { points, lost, doubled }: Figure): void {
  const key = `${engine} | ${fault}`
  const before = table.get(key) ?? { points: 0, lost: 0, doubled: 0 }
  table.set(key, { points: before.points + points, lost: before.lost + lost, doubled: before.doubled + doubled })
}

/** A Markdown table. Rows lost or doubled count for every kind of fault of their migration. */
export function tableText(table: Figures): string {
  const rows = [...table].sort(([a], [b]) => (a < b ? -1 : 1))
  return [
    '| target | fault | points | lost | doubled |',
    '|---|---|---|---|---|',
    ...rows.map(([key, { points, lost, doubled }]) => `| ${key} | ${points} | ${lost} | ${doubled} |`),
  ].join('\n')
}
