import type { Column } from '../../core/catalog.js'
import type { ConnectionConfig, Encoder, WriteSpec } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import { encodeText, UNHELD } from '../../core/files/encode-text.js'
import { lineEncoder, Unwritable, type ValueWriter } from '../../core/files/line-encoder.js'
import type { TargetFormat } from '../../core/files/target-files.js'
import type { Encoding } from '../../core/files/text-stream.js'
import { textOfType } from '../../core/files/value-text.js'
import { csvFormat } from './format.js'

/** How the records of a file are to be written. */
interface CsvTarget {
  readonly header: boolean
  readonly delimiter: string
  readonly quote: string | false
  readonly null: string
  readonly lineEnd: string
  readonly encoding: Encoding
}

function csvTarget(config: ConnectionConfig | undefined): CsvTarget {
  const given = (config ?? {}) as Partial<CsvTarget> & { readonly line_end?: string }
  return {
    header: given.header ?? true,
    delimiter: given.delimiter ?? ',',
    quote: given.quote ?? '"',
    null: given.null ?? '',
    lineEnd: given.line_end === 'crlf' ? '\r\n' : '\n',
    encoding: given.encoding ?? 'utf8',
  }
}

export function csvTargetFormat(config: ConnectionConfig): TargetFormat {
  const target = csvTarget(config)
  const special = specialOf(target)
  if (special.test(target.null) || target.delimiter === target.quote) {
    throw new EtlError('E215', 'delimiter, quote and null of the target cannot be told apart', {
      kind: 'usage',
      hint: 'choose a `null` without delimiter, quote and line ends, and a `quote` that is not the delimiter',
    })
  }
  return {
    extension: '.csv',
    shape: target,
    encoding: target.encoding,
    reads: columns => {
      const { header, delimiter, quote, null: none } = target
      return csvFormat({ type: 'csv', delimiter, quote, null: none, ...(header ? {} : { columns }) })
    },
    head: columns => {
      if (!target.header) return new Uint8Array()
      return encodeText(`${columns.map(nameWriter(target)).join(target.delimiter)}${target.lineEnd}`, target.encoding)
    },
  }
}

export function csvEncoder({ columns }: WriteSpec, config?: ConnectionConfig): Encoder {
  const target = csvTarget(config)
  const { delimiter, lineEnd, encoding } = target
  const text = textWriter(target)
  const writer = ({ type }: Column): ValueWriter => {
    const textOf = textOfType(type)
    return value => (value === null ? target.null : text(textOf(value)))
  }
  return lineEncoder(columns, columns.map(writer), texts => `${texts.join(delimiter)}${lineEnd}`, encoding)
}

function nameWriter(target: CsvTarget): (name: string) => string {
  const write = textWriter(target)
  return name => {
    try {
      return write(name)
    } catch (error) {
      if (!(error instanceof Unwritable)) throw error
      throw new EtlError(error.code, `the header cannot hold the name of column ${name}: ${error.message}`, {
        kind: 'usage',
        cause: error,
        hint: 'give the column another name, or the target another `encoding` or `quote`',
      })
    }
  }
}

/** A text that is no null, quoted where it would else be read as something else. */
function textWriter(target: CsvTarget): (text: string) => string {
  const { quote, encoding } = target
  const special = specialOf(target)
  const unheld = UNHELD[encoding]
  return text => {
    if (unheld.test(text)) throw new Unwritable('E409', `the text has a character that ${encoding} does not have`)
    if (!special.test(text) && text !== target.null) return text
    if (quote !== false) return quote + text.replaceAll(quote, quote + quote) + quote
    throw new Unwritable('E420', 'without quotes the value would be read as something else')
  }
}

/** Anything of the delimiter, since half of one could meet the other half; a byte order mark, which a reader leaves out. */
function specialOf({ delimiter, quote }: CsvTarget): RegExp {
  const characters = [...new Set([...delimiter, ...(quote === false ? [] : [quote])])]
  return new RegExp(
    `[\\r\\n\\ufeff${characters.map(c => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`).join('')}]`,
    'u',
  )
}
