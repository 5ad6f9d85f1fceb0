import { stripVTControlCharacters } from 'node:util'
import { printable } from '../ui/format.js'

/** Text that is HTML already; only {@link html} makes it. */
export class Markup {
  readonly text: string

  private constructor(text: string) {
    this.text = text
  }

  static of(strings: TemplateStringsArray, values: readonly Content[]): Markup {
    return new Markup(strings.map((text, i) => text + rendered(values[i])).join(''))
  }

  toString(): string {
    return this.text
  }
}

export type Content = Markup | string | number | undefined | false | readonly Content[]

/** HTML in which every value is escaped, wherever it stands (attributes are always in double quotes), but for markup. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return Markup.of(strings, values)
}

function rendered(content: Content): string {
  if (content === undefined || content === false) return ''
  if (content instanceof Markup) return content.text
  if (Array.isArray(content)) return content.map(rendered).join('')
  return escapeHtml(String(content))
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Without terminal escapes; other control and direction characters are spelled out. */
function escapeHtml(text: string): string {
  return printable(stripVTControlCharacters(text)).replace(/[&<>"']/g, character => ENTITIES[character] ?? character)
}
