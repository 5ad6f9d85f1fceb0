const MASK = '•••'

/** Shorter secrets are not masked: they would mask half of every text and hide nothing that could not be guessed. */
const SHORTEST = 3

/** Shorter ones look like any other word when they are written as Base64 or as hexadecimal digits. */
const SHORTEST_AS_BYTES = 6

/**
 * A function that masks every secret in a text, in all its spellings: as it is, URL-encoded, quoted, as it looks within
 * JSON, and as Base64. Secrets shorter than three characters are left alone.
 */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const spellings = new Set(secrets.filter(secret => secret.length >= SHORTEST).flatMap(spellingsOf))
  if (spellings.size === 0) return text => text
  const longestFirst = [...spellings].sort((a, b) => b.length - a.length)
  const pattern = new RegExp(longestFirst.map(text => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'g')
  return text => text.replace(pattern, MASK)
}

/** As it is, within an address, within JSON, within quotes of SQL, YAML, a shell or a page, and as bytes are written. */
function spellingsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8')
  const encoded = encodeURIComponent(wellFormed(secret))
  const whole = bytes.toString('base64')
  return [
    secret,
    encoded,
    encoded.replaceAll(/%[0-9A-F]{2}/g, code => code.toLowerCase()),
    // What `encodeURIComponent` leaves, addresses may have encoded all the same.
    encoded.replaceAll(/[!'()*]/g, letter => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`),
    encodeURI(wellFormed(secret)),
    encoded.replaceAll('%20', '+'),
    JSON.stringify(secret).slice(1, -1),
    secret.replaceAll("'", "''"),
    secret.replaceAll('"', '""'),
    secret.replaceAll("'", `'\\''`),
    secret.replaceAll(/[\\'"]/g, '\\$&'),
    secret.replaceAll(/[\\']/g, '\\$&'),
    secret.replaceAll(/[\\"]/g, '\\$&'),
    secret.replaceAll(/[\\:]/g, '\\$&'),
    secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
    ...(bytes.length < SHORTEST_AS_BYTES
      ? []
      : [whole, whole.replace(/=+$/, ''), bytes.toString('base64url'), bytes.toString('hex')]),
  ]
}

/** A lone surrogate cannot be URL-encoded. */
function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}
