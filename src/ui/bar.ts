import type { Symbols } from './theme.js'

/** A progress bar of `width` cells, filled to the eighth of a cell; never full before the share is 1. */
export function bar(share: number, width: number, symbols: Symbols): string {
  const steps = symbols.bar.length
  const full = symbols.bar[steps - 1] ?? ''
  const filled = Math.floor(Math.min(1, Math.max(0, share)) * width * steps)
  const cells = Math.floor(filled / steps)
  const part = filled % steps
  const drawn = full.repeat(cells) + (part === 0 ? '' : (symbols.bar[part - 1] ?? ''))
  return drawn + symbols.track.repeat(width - cells - (part === 0 ? 0 : 1))
}

/** Whole percent, right-aligned in four columns; 100 % only when nothing is left. */
export function percent(share: number): string {
  return `${Math.min(share >= 1 ? 100 : 99, Math.floor(share * 100))}%`.padStart(4)
}
