const ESCAPE = '\u001b'

/**
 * What a person would see: a terminal of fixed size that understands the sequences our output uses and throws on any
 * other, so that a test cannot pass on a screen a real terminal would show differently.
 */
export class TerminalScreen {
  #columns: number
  #rows: number
  /** All lines ever drawn; the last `rows` of them are on the screen. */
  readonly #lines: string[][] = [[]]
  #row = 0
  #column = 0
  #pending = ''

  constructor(columns: number, rows: number) {
    this.#columns = columns
    this.#rows = rows
  }

  resize(columns: number, rows: number): void {
    this.#columns = columns
    this.#rows = rows
  }

  /** The visible rows, without the spaces at their ends. */
  get rows(): readonly string[] {
    return this.#text().slice(-this.#rows)
  }

  /** Everything from the beginning, scrolled out or not. */
  get history(): string {
    return this.#text().join('\n')
  }

  write(text: string): void {
    let rest = this.#pending + text
    this.#pending = ''
    while (rest.length > 0) {
      const sequence = rest.startsWith(ESCAPE) ? /^(?:\[([?\d;]*)([A-Za-z])|[78=>])/.exec(rest.slice(1)) : null
      if (sequence !== null) {
        this.#sequence(sequence[1] ?? '', sequence[2] ?? '')
        rest = rest.slice(1 + sequence[0].length)
      } else if (rest.startsWith(ESCAPE)) {
        if (rest.length > 20) throw new Error(`unknown sequence ${JSON.stringify(rest.slice(0, 20))}`)
        this.#pending = rest
        return
      } else {
        const character = String.fromCodePoint(rest.codePointAt(0) ?? 0)
        this.#character(character)
        rest = rest.slice(character.length)
      }
    }
  }

  #character(character: string): void {
    if (character === '\n') this.#move(this.#row + 1, this.#column)
    else if (character === '\r') this.#column = 0
    else if (character === '\u0007') return
    else if (character === '\b') this.#column = Math.max(0, this.#column - 1)
    else {
      if (this.#column === this.#columns) this.#move(this.#row + 1, 0)
      const line = this.#lines[this.#row] ?? []
      while (line.length < this.#column) line.push(' ')
      line[this.#column] = character
      this.#lines[this.#row] = line
      this.#column++
    }
  }

  #sequence(parameters: string, final: string): void {
    const count = Number(parameters || 1)
    const top = Math.max(0, this.#lines.length - this.#rows)
    if (final === 'A') this.#row = Math.max(top, this.#row - count)
    else if (final === 'B') this.#row = Math.min(this.#lines.length - 1, this.#row + count)
    else if (final === 'G') this.#column = count - 1
    else if (final === 'K') this.#erase(parameters)
    else if (final === 'J') this.#clear(parameters)
    else if (final === 'H') this.#move(top, 0)
    else if (!'mhlnucqs'.includes(final)) throw new Error(`unknown sequence ESC [ ${parameters} ${final}`)
  }

  #erase(parameters: string): void {
    const line = this.#lines[this.#row] ?? []
    if (parameters === '2') this.#lines[this.#row] = []
    else if (parameters === '' || parameters === '0') line.length = Math.min(line.length, this.#column)
    else throw new Error(`unknown sequence ESC [ ${parameters} K`)
  }

  #clear(parameters: string): void {
    if (parameters === '3') return
    const from = parameters === '2' ? Math.max(0, this.#lines.length - this.#rows) : this.#row
    for (let row = from; row < this.#lines.length; row++) this.#lines[row] = []
  }

  #move(row: number, column: number): void {
    while (this.#lines.length <= row) this.#lines.push([])
    this.#row = row
    this.#column = column
  }

  #text(): string[] {
    return this.#lines.map(line => line.join('').trimEnd())
  }
}
