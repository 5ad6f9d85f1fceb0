import { notUnderstood } from '../ora-error.js'
import type { Select } from './ast.js'
import { type Token, tokenize } from './lexer.js'

/** The tokens of a statement with a place in them. */
export class TokenStream {
  readonly #tokens: readonly Token[]
  readonly #sql: string
  readonly #select: (tokens: TokenStream) => Select
  #at = 0
  binds = 0

  /** @param select reads a subquery: expressions and selects hold each other */
  constructor(sql: string, select: (tokens: TokenStream) => Select) {
    this.#sql = sql
    this.#select = select
    this.#tokens = tokenize(sql)
  }

  subselect(): Select {
    return this.#select(this)
  }

  get here(): Token {
    return this.#tokens[this.#at] as Token
  }

  ahead(count: number): Token {
    return this.#tokens[Math.min(this.#at + count, this.#tokens.length - 1)] as Token
  }

  next(): Token {
    const token = this.here
    this.#at++
    return token
  }

  mark(): number {
    return this.#at
  }

  back(mark: number): void {
    this.#at = mark
  }

  /** Do the next tokens read so? */
  sees(...words: readonly string[]): boolean {
    return words.every((word, i) => {
      const token = this.ahead(i)
      return (token.kind === 'word' || token.kind === 'sign') && token.text === word
    })
  }

  /** Takes the words if they come next. */
  take(...words: readonly string[]): boolean {
    if (!this.sees(...words)) return false
    this.#at += words.length
    return true
  }

  takeOne(words: readonly string[]): string | undefined {
    return words.find(word => this.take(word))
  }

  need(...words: readonly string[]): void {
    if (!this.take(...words)) throw this.refusal()
  }

  name(): string {
    const token = this.next()
    if (token.kind !== 'word' && token.kind !== 'name') {
      this.#at--
      throw this.refusal()
    }
    return token.text
  }

  number(): number {
    const token = this.next()
    if (token.kind !== 'number') {
      this.#at--
      throw this.refusal()
    }
    return Number(token.text)
  }

  text(): string {
    const token = this.next()
    if (token.kind !== 'text') {
      this.#at--
      throw this.refusal()
    }
    return token.text
  }

  /** `( a, b, … )` */
  list<T>(read: () => T): T[] {
    this.need('(')
    const items = this.commas(read)
    this.need(')')
    return items
  }

  commas<T>(read: () => T): T[] {
    const items = [read()]
    while (this.take(',')) items.push(read())
    return items
  }

  end(): void {
    this.take(';')
    if (this.here.kind !== 'end') throw this.refusal()
  }

  refusal(): Error {
    return notUnderstood(
      this.#sql.slice(this.here.at) === '' ? `the end of ${this.#sql}` : this.#sql.slice(this.here.at),
    )
  }
}
