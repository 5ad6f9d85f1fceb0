import { distance } from 'fastest-levenshtein'

/** The name that was probably meant; undefined where none is near: a suggestion that shares little helps nobody. */
export function closest(name: string, names: Iterable<string>): string | undefined {
  let best: string | undefined
  let least = (name.length < 4 ? 1 : Math.max(2, Math.floor(name.length / 3))) + 1
  for (const candidate of names) {
    const steps = distance(name.toLowerCase(), candidate.toLowerCase())
    if (steps < least) {
      least = steps
      best = candidate
    }
  }
  return best
}
