import type { Column } from '../../core/catalog.js'
import type { Encoder, WriteSpec } from '../../core/connector.js'
import { UNHELD } from '../../core/files/encode-text.js'
import { lineEncoder, Unwritable, type ValueWriter } from '../../core/files/line-encoder.js'
import type { TargetFormat } from '../../core/files/target-files.js'
import { textOfType } from '../../core/files/value-text.js'
import type { Value } from '../../core/row.js'
import type { LogicalType } from '../../core/types.js'
import { jsonlFormat } from './format.js'

export const jsonlTargetFormat: TargetFormat = {
  extension: '.jsonl',
  shape: 'jsonl',
  encoding: 'utf8',
  head: () => new Uint8Array(),
  reads: columns => jsonlFormat({ type: 'jsonl', columns }),
}

/** One object a line, with every column in it. */
export function jsonlEncoder({ columns }: WriteSpec): Encoder {
  const names = columns.map(column => JSON.stringify(column.name))
  const line = (texts: readonly string[]): string => `{${texts.map((text, i) => `${names[i]}:${text}`).join(',')}}\n`
  return lineEncoder(columns, columns.map(memberWriter), line, 'utf8')
}

function memberWriter({ type }: Column): ValueWriter {
  const textOf = textOfType(type)
  const write = formOf(type)
  return value => {
    if (value === null) return 'null'
    const text = textOf(value)
    if (UNHELD.utf8.test(text)) throw new Unwritable('E409', 'the text holds half of a surrogate pair')
    return write(text, value)
  }
}

/** The whole of JSON's grammar of numbers; `NaN` and the like are none. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

function formOf(type: LogicalType): (text: string, value: Value) => string {
  switch (type.kind) {
    case 'integer':
    case 'decimal':
    case 'float':
      return numberText
    case 'boolean':
      return text => (text === 'true' || text === 'false' ? text : JSON.stringify(text))
    case 'json':
      return nestedText
    case 'any':
      return (text, value) => {
        if (typeof value === 'boolean') return text
        return typeof value === 'number' || typeof value === 'bigint' ? numberText(text) : JSON.stringify(text)
      }
    default:
      return text => JSON.stringify(text)
  }
}

/** With every digit, whatever a reader makes of it. */
function numberText(text: string): string {
  return NUMBER.test(text) ? text : JSON.stringify(text)
}

/** JSON as it is. A text or null of its own would be taken for a plain text or for no value: those go as JSON in a text. */
function nestedText(text: string): string {
  if (/^\s*(?:"|null\s*$)/.test(text)) return JSON.stringify(text)
  return text.replaceAll(/[\r\n]/g, ' ').trim()
}
