/** `1234567` as `1,234,567`, the same in every locale so that outputs can be compared. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 row`, `2 rows`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

/** Of a run; 0 where others do the work, and come and go. */
export function workersText(count: number): string {
  return count === 0 ? 'in the hands of workers' : plural(count, 'worker')
}

/** `812 B`, `4.0 kB`, `12.3 MB`: thousands, as disks are sold. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length, Math.floor(Math.log10(bytes) / 3))
  return `${(bytes / 1000 ** power).toFixed(1)} ${units[power - 1]}`
}

/** How long something took: `0.4s`, `18s`, `01:37`, `3:05:09`. */
export function formatDuration(ms: number): string {
  if (ms < 9_950) return `${(Math.max(0, ms) / 1000).toFixed(1)}s`
  if (ms < 59_500) return `${Math.round(ms / 1000)}s`
  return formatClock(ms)
}

/** Time as a clock shows it: `00:09`, `01:23`, `3:05:09`. */
export function formatClock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const hours = Math.floor(seconds / 3600)
  const rest = `${twoDigits(Math.floor(seconds / 60) % 60)}:${twoDigits(seconds % 60)}`
  return hours === 0 ? rest : `${hours}:${rest}`
}

/** Rows per second, at most seven characters: `950/s`, `40.6k/s`, `1.2M/s`. */
export function formatRate(rowsPerSecond: number): string {
  if (rowsPerSecond < 10) return `${rowsPerSecond.toFixed(1)}/s`
  if (rowsPerSecond < 999.5) return `${Math.round(rowsPerSecond)}/s`
  if (rowsPerSecond < 999_950) return `${(rowsPerSecond / 1000).toFixed(1)}k/s`
  return `${(rowsPerSecond / 1_000_000).toFixed(1)}M/s`
}

/** Text in exactly `width` columns: padded with spaces, or cut with an ellipsis. */
export function fitText(text: string, width: number, ellipsis = '…'): string {
  const characters = [...text]
  if (characters.length <= width) return text + ' '.repeat(width - characters.length)
  return characters.slice(0, Math.max(0, width - ellipsis.length)).join('') + ellipsis.slice(0, width)
}

/** Text in at least `width` columns, at the right. */
export function right(text: string, width: number): string {
  return text.padStart(width)
}

/**
 * Text that came from data, safe to show: escapes and control characters could move the cursor, recolour the screen or
 * rewrite lines above, and direction marks could reorder what stands beside them.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, escapeCharacter)
}

function escapeCharacter(character: string): string {
  if (character === '\n') return '\\n'
  if (character === '\r') return '\\r'
  if (character === '\t') return '\\t'
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}
