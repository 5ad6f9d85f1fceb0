import type { Cell, EngineName } from './engines.js'
import type { Random } from './random.js'

/** A table and what stands in it. */
export interface Table {
  readonly name: string
  /** Column to its type; `key`, `text`, `generated` stand for the engine's own words. */
  readonly columns: Readonly<Record<string, string>>
  readonly constraints?: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

/** An entity with its source, and with what the target must hold when all is done. */
export interface EntityModel {
  readonly name: string
  readonly source: Table
  readonly target: Table
  /** Lines below the entity's name. */
  readonly yaml: readonly string[]
  /** Gives the target's rows; `decimals` are the columns to compare with two places. */
  readonly image: string
  readonly decimals: readonly number[]
  readonly expected: readonly string[]
  readonly counts: CountsModel
  /** Has neither key nor unique column: whatever is loaded twice is there twice. */
  readonly keyless: boolean
  /** What a retry of its rejected rows makes of it, when causes are mended. */
  readonly mended?: Mended
  /** What a second run makes of it when the source has changed, with or without that retry in between. Incremental entities have it. */
  readonly changed?: (mended: boolean) => Changed
}

export type CountsModel = Readonly<Record<'read' | 'written' | 'skipped' | 'filtered' | 'quarantined', number>> & {
  readonly deduped?: number
  /** Written, but rejected by the second pass. */
  readonly unresolved?: number
}

export interface Mended {
  /** Statements for the source; none where the file is mended. */
  readonly sql: readonly string[]
  /** The entity's lines from then on, where the file is mended. */
  readonly yaml?: readonly string[]
  readonly expected: readonly string[]
  /** Rejected rows that are settled, and how many of them the first pass writes. */
  readonly closed: number
  readonly written: number
}

export interface Changed {
  readonly sql: readonly string[]
  readonly expected: readonly string[]
  /** Of the second run. */
  readonly counts: CountsModel
}

/** Some of them, and one at least. */
export function some<T>(random: Random, list: readonly T[]): T[] {
  const share = random.pick([0.3, 1])
  const chosen = list.filter(() => random.chance(share))
  return chosen.length === 0 ? list.slice(0, 1) : chosen
}

const WORDS: Readonly<Record<EngineName, Readonly<Record<string, string>>>> = {
  postgres: { text: 'text', generated: 'bigint generated always as identity primary key', key: 'varchar(40)' },
  mysql: { text: 'varchar(100)', generated: 'bigint not null auto_increment primary key', key: 'varchar(40)' },
  sqlite: { text: 'text', generated: 'integer primary key autoincrement', key: 'varchar(40)' },
}

export function createSql(engine: EngineName, { name, columns, constraints = [] }: Table): string {
  const word = (type: string): string => type.replace(/^(text|generated|key)\b/, name => WORDS[engine][name] ?? name)
  const lines = Object.entries(columns).map(([column, type]) => `${column} ${word(type)}`)
  return `create table ${name} (${[...lines, ...constraints].join(', ')})`
}

export function insertSql(engine: EngineName, { name, columns, rows }: Table): string[] {
  const names = Object.entries(columns).flatMap(([column, type]) => (type === 'generated' ? [] : [column]))
  const statements: string[] = []
  for (let at = 0; at < rows.length; at += 500) {
    const values = rows.slice(at, at + 500).map(row => `(${row.map(cell => literal(engine, cell)).join(', ')})`)
    statements.push(`insert into ${name} (${names.join(', ')}) values ${values.join(', ')}`)
  }
  return statements
}

function literal(engine: EngineName, cell: Cell): string {
  if (cell === null) return 'null'
  if (typeof cell !== 'string') return String(cell)
  const text = engine === 'mysql' ? cell.replaceAll('\\', '\\\\') : cell
  return `'${text.replaceAll("'", "''")}'`
}

export function imageRow(row: readonly Cell[], decimals: readonly number[]): string {
  return row
    .map((cell, i) => (cell === null ? '∅' : decimals.includes(i) ? Number(cell).toFixed(2) : String(cell)))
    .join('|')
}

/** Rows that break a unique column of the target: the first stays. */
export function unique(random: Random, name: string): EntityModel {
  const rows: Cell[][] = []
  const seen = new Set<string>()
  const twice: number[] = []
  const size = random.int(40, 400)
  for (let id = 1; id <= size; id++) {
    const word = seen.size > 0 && random.chance(0.05) ? random.pick([...seen]) : `u${id}`
    if (seen.has(word)) twice.push(id)
    seen.add(word)
    rows.push([id, word])
  }
  const mended = some(random, twice)
  return {
    name,
    keyless: false,
    source: { name: `s_${name}`, columns: { id: 'integer primary key', u: 'key' }, rows },
    target: { name: `t_${name}`, columns: { u: 'key not null unique' }, rows: [] },
    yaml: [
      `from: s_${name}`,
      `to: t_${name}`,
      'on_error: quarantine',
      `batch_size: ${random.int(10, 120)}`,
      'rest: ignore',
      'fields: { u: u }',
    ],
    image: `select u from t_${name}`,
    decimals: [],
    expected: [...seen],
    counts: { read: size, written: seen.size, skipped: 0, filtered: 0, quarantined: twice.length },
    ...(mended.length === 0
      ? {}
      : {
          mended: {
            sql: mended.map(id => `update s_${name} set u = 'm${id}' where id = ${id}`),
            expected: [...seen, ...mended.map(id => `m${id}`)],
            closed: mended.length,
            written: mended.length,
          },
        }),
  }
}

/** Generated keys and rows that refer to rows of the same table: a second pass. */
export function tree(random: Random, name: string): EntityModel {
  const size = random.int(30, 300)
  const no = (i: number): string => `n${String(i).padStart(4, '0')}`
  const missing = random.chance(0.5) ? 0.03 : 0
  const rows = Array.from({ length: size }, (_, i): Cell[] => [
    no(i),
    random.chance(missing) ? 'nobody' : random.chance(0.6) ? no(random.int(0, size - 1)) : null,
  ])
  const lost = rows.filter(row => row[1] === 'nobody')
  const parents = new Map(some(random, lost).map(row => [row, no(random.int(0, size - 1))]))
  const image = ([own = null, parent = null]: Cell[], then = parent): string =>
    imageRow([own, then === 'nobody' ? null : then], [])
  return {
    name,
    keyless: false,
    source: { name: `s_${name}`, columns: { no: 'key not null primary key', parent_no: 'key' }, rows },
    target: {
      name: `t_${name}`,
      columns: { id: 'generated', no: 'key not null unique', parent_id: 'bigint' },
      constraints: [`foreign key (parent_id) references t_${name} (id)`],
      rows: [],
    },
    yaml: [
      `from: s_${name}`,
      `to: t_${name}`,
      'defer: [parent_id]',
      'on_error: quarantine',
      `batch_size: ${random.int(10, 60)}`,
      `fields: { no: no, parent_id: { from: parent_no, ref: ${name} } }`,
    ],
    image: `select a.no, p.no from t_${name} a left join t_${name} p on p.id = a.parent_id`,
    decimals: [],
    expected: rows.map(row => image(row)),
    counts: { read: size, written: size, skipped: 0, filtered: 0, quarantined: 0, unresolved: lost.length },
    ...(lost.length === 0
      ? {}
      : {
          mended: {
            sql: [...parents].map(
              ([[own], parent]) => `update s_${name} set parent_no = '${parent}' where no = '${own}'`,
            ),
            expected: rows.map(row => image(row, parents.get(row))),
            closed: parents.size,
            written: 0,
          },
        }),
  }
}

/** Rows that refer to generated keys of another entity; some refer to nothing. Without a key of their own. */
export function child(random: Random, name: string, parent: EntityModel): EntityModel {
  const size = random.int(60, 500)
  const parents = parent.source.rows.map(row => String(row[0]))
  const rows = Array.from({ length: size }, (_, i): Cell[] => [
    i + 1,
    random.chance(0.03) ? 'nobody' : random.pick(parents),
  ])
  const good = rows.filter(row => row[1] !== 'nobody')
  const bad = rows.filter(row => row[1] === 'nobody')
  const mended = some(random, bad).map(([line = null]): Cell[] => [line, random.pick(parents)])
  return {
    name,
    keyless: true,
    source: { name: `s_${name}`, columns: { line: 'integer primary key', no: 'key not null' }, rows },
    target: {
      name: `t_${name}`,
      columns: { line: 'integer not null', parent_id: 'bigint not null' },
      constraints: [`foreign key (parent_id) references ${parent.target.name} (id)`],
      rows: [],
    },
    yaml: [
      `from: s_${name}`,
      `to: t_${name}`,
      'on_error: quarantine',
      `batch_size: ${random.int(10, 90)}`,
      `fields: { line: line, parent_id: { from: no, ref: ${parent.name} } }`,
    ],
    image: `select c.line, p.no from t_${name} c join ${parent.target.name} p on p.id = c.parent_id`,
    decimals: [],
    expected: good.map(row => imageRow(row, [])),
    counts: { read: size, written: good.length, skipped: 0, filtered: 0, quarantined: bad.length },
    ...(bad.length === 0
      ? {}
      : {
          mended: {
            sql: mended.map(([line, parent]) => `update s_${name} set no = '${parent}' where line = ${line}`),
            expected: [...good, ...mended].map(row => imageRow(row, [])),
            closed: mended.length,
            written: mended.length,
          },
        }),
  }
}
