/** An error as the database would report it; the message is without the `ORA-…` prefix. */
export class OraError extends Error {
  override readonly name = 'OraError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }

  get text(): string {
    return `ORA-${String(this.code).padStart(5, '0')}: ${this.message}`
  }
}

/** What the server does not understand it says, with the text that it stopped at. It never guesses. */
export function notUnderstood(what: string): OraError {
  return new OraError(900, `invalid SQL statement (the test server does not understand: ${what.slice(0, 200)})`)
}
