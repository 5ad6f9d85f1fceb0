/** A source's thing and the target's that suits it best. */
export interface Match {
  readonly from: number
  readonly to: number
  /** 0 to 1. */
  readonly score: number
}

/** Pairs by falling score, each thing at most once; equal scores in the order of both sides. 0 is no match. */
export function assign(from: number, to: number, score: (from: number, to: number) => number): Match[] {
  const candidates: Match[] = []
  for (let i = 0; i < from; i++) {
    for (let j = 0; j < to; j++) {
      const found = score(i, j)
      if (found > 0) candidates.push({ from: i, to: j, score: found })
    }
  }
  candidates.sort((a, b) => b.score - a.score || a.from - b.from || a.to - b.to)
  const [usedFrom, usedTo] = [new Set<number>(), new Set<number>()]
  return candidates.filter(match => {
    if (usedFrom.has(match.from) || usedTo.has(match.to)) return false
    usedFrom.add(match.from)
    usedTo.add(match.to)
    return true
  })
}
