import { createHash } from 'node:crypto'

/**
 * So many different numbers below `count`, in ascending order: the first, the last, and between them one out of each of
 * equal parts. The same ones for the same seed.
 *
 * @param seed anything that tells this draw from others
 */
export function spread(count: number, size: number, seed: string): number[] {
  if (size >= count) return Array.from({ length: count }, (_, i) => i)
  const random = randomOf(seed)
  if (size === 1) return [Math.floor(random() * count)]
  const parts = size - 2
  const edge = (part: number): number => 1 + Math.floor((part * (count - 2)) / parts)
  const between = Array.from({ length: parts }, (_, i) => edge(i) + Math.floor(random() * (edge(i + 1) - edge(i))))
  return [0, ...between, count - 1]
}

/** Numbers from 0 to 1, spread as those of a digest are. */
function randomOf(seed: string): () => number {
  let step = 0
  return () => createHash('sha256').update(`${seed}\n${step++}`).digest().readUInt32BE(0) / 2 ** 32
}
