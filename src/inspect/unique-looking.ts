import type { Column, Table } from '../core/catalog.js'
import { wordsOf } from './names.js'

/** Columns whose values ought to tell rows apart, by their names. */
export interface UniqueLooking {
  readonly columns: readonly string[]
  readonly ignoringCase: boolean
}

const TELLING = new Set([
  'email',
  'mail',
  'username',
  'login',
  'uuid',
  'guid',
  'sku',
  'ean',
  'isbn',
  'iban',
  'vin',
  'serial',
])
const NUMBERED = new Set(['number', 'no', 'nr', 'code', 'key', 'ref'])
const CASELESS = new Set(['email', 'mail', 'username', 'login'])
const NAMES = new Set(['name', 'title', 'label'])

/**
 * What looks unique in a table and is kept so by no key: an e-mail, a serial number, a number of the table's own
 * (`order_no` in `orders`), and a name with a date.
 */
export function uniqueLooking(
  table: Pick<Table, 'columns' | 'primaryKey' | 'uniques' | 'foreignKeys'>,
): UniqueLooking[] {
  const kept = [table.primaryKey, ...table.uniques.map(({ columns }) => columns)].filter(({ length }) => length > 0)
  const isKept = (columns: readonly string[]): boolean => kept.some(key => key.every(name => columns.includes(name)))
  const referring = new Set(table.foreignKeys.flatMap(({ columns }) => columns))
  const own = table.columns.filter(({ name, pseudo }) => pseudo !== true && !referring.has(name))
  const single = own
    .filter(({ name, type }) => looksUnique(name) && COMPARABLE.has(type.kind))
    .map(({ name, type }) => ({
      columns: [name],
      ignoringCase: isText(type.kind) && wordsOf(name).some(word => CASELESS.has(word)),
    }))
  const named = own.filter(({ name, type }) => isText(type.kind) && wordsOf(name).some(word => NAMES.has(word)))
  const dated = own.filter(isDated)
  const paired = named.flatMap(({ name }) => dated.map(date => ({ columns: [name, date.name], ignoringCase: false })))
  return [...single, ...paired.slice(0, 4)].filter(({ columns }) => !isKept(columns))
}

export const COMPARABLE: ReadonlySet<string> = new Set([
  'integer',
  'decimal',
  'text',
  'enum',
  'uuid',
  'date',
  'timestamp',
  'any',
])

function looksUnique(name: string): boolean {
  const words = wordsOf(name)
  const last = words.at(-1) ?? ''
  // `e_mail` has two words. `code` and `number` alone are the table's own; `zip_code` and `phone_number` are not.
  if (words.join('').endsWith('email') || TELLING.has(last) || (words.includes('serial') && NUMBERED.has(last)))
    return true
  return NUMBERED.has(last) && last !== 'ref' && last !== 'key' && words.length === 1
}

function isText(kind: string): boolean {
  return kind === 'text' || kind === 'any'
}

function isDated({ name, type }: Column): boolean {
  if (type.kind === 'date' || type.kind === 'timestamp') return true
  const last = wordsOf(name).at(-1) ?? ''
  return isText(type.kind) && ['at', 'date', 'dt', 'time', 'datetime', 'created', 'born', 'birthday'].includes(last)
}
