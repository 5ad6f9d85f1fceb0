import type { PreparedBatch } from './prepared-batch.js'

/** Values that were not loaded as they were: rows by target column. */
export type Changes = Pick<PreparedBatch, 'losses' | 'substituted'>

type Entries = readonly (readonly [field: string, rows: number])[]

/** As the ledger and the checkpoint file keep them: JSON text, nothing where nothing changed. */
export function changesText({ losses, substituted }: Changes): string | undefined {
  if (losses.size === 0 && substituted.size === 0) return
  return JSON.stringify({ losses: [...losses], substituted: [...substituted] })
}

export function sumChanges(all: Iterable<Changes | string | undefined>): Changes {
  const losses = new Map<string, number>()
  const substituted = new Map<string, number>()
  for (const some of all) {
    if (some === undefined) continue
    const changes: { readonly [K in keyof Changes]: Iterable<readonly [string, number]> } =
      typeof some === 'string' ? (JSON.parse(some) as Record<keyof Changes, Entries>) : some
    addAll(losses, changes.losses)
    addAll(substituted, changes.substituted)
  }
  return { losses, substituted }
}

function addAll(into: Map<string, number>, from: Iterable<readonly [string, number]>): void {
  for (const [field, rows] of from) into.set(field, (into.get(field) ?? 0) + rows)
}
