const MASK = '•••'

/** Shorter secrets are not masked: they would mask half of every text and hide nothing that could not be guessed. */
const SHORTEST = 3

/**
 * A function that masks every secret in a text, in all its spellings: as it is, URL-encoded, and as it looks within
 * JSON. Secrets shorter than three characters are left alone.
 */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const spellings = new Set(
    secrets
      .filter(secret => secret.length >= SHORTEST)
      .flatMap(secret => [
        secret,
        encodeURIComponent(wellFormed(secret)),
        encodeURI(wellFormed(secret)),
        JSON.stringify(secret).slice(1, -1),
      ]),
  )
  if (spellings.size === 0) return text => text
  const longestFirst = [...spellings].sort((a, b) => b.length - a.length)
  const pattern = new RegExp(longestFirst.map(text => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'g')
  return text => text.replace(pattern, MASK)
}

/** A lone surrogate cannot be URL-encoded. */
function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}
