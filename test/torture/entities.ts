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
  readonly counts: Readonly<Record<'read' | 'written' | 'skipped' | 'filtered' | 'quarantined', number>> & {
    readonly deduped?: number
  }
  /** Has neither key nor unique column: whatever is loaded twice is there twice. */
  readonly keyless: boolean
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

const NOTES = ['plain', "it's", 'a\tb', 'back\\slash', '漢字 😀', 'é"x"', '\\N', 'ends\\']

type Load = 'insert' | 'ignore' | 'upsert' | 'update' | 'replace'

/** One table to one table: keys of all kinds, bad rows, filters, all ways to load. */
export function plain(random: Random, name: string, size?: number): EntityModel {
  const keyKind = random.pick(['number', 'text', 'pair'] as const)
  const load: Load =
    size === undefined ? random.pick(['insert', 'insert', 'ignore', 'upsert', 'update', 'replace']) : 'insert'
  const keyless = load === 'insert' ? random.chance(0.7) : load === 'replace' && random.chance(0.5)
  const filter = random.chance(0.3)
  const where = random.chance(0.3)
  const policy = random.pick(['quarantine', 'quarantine', 'skip'] as const)
  const bad = random.chance(0.5) ? 0.03 : 0
  const keys = keyKind === 'pair' ? ['a', 'b'] : ['k']
  const keyTypes: Record<string, string> =
    keyKind === 'pair'
      ? { a: 'integer not null', b: 'key not null' }
      : { k: keyKind === 'text' ? 'key not null' : 'bigint not null' }
  const rows: Cell[][] = []
  const existing = new Map<string, string>()
  const before: Cell[][] = []
  const after: string[] = []
  const counts = { read: 0, written: 0, skipped: 0, filtered: 0, quarantined: 0 }
  let number = 0
  const count = size ?? random.int(40, 700)
  const preload = (key: readonly Cell[]): void => {
    before.push([...key, 'old', '0.00'])
    existing.set(key.join('|'), [...key, 'old', '0.00'].join('|'))
  }
  for (let i = 0; i < count; i++) {
    number += random.int(1, 4)
    const label = `k${String(number).padStart(7, '0')}`
    const key: Cell[] = keyKind === 'pair' ? [number >> 3, label] : [keyKind === 'text' ? label : number]
    const group = random.int(0, 4)
    const note = random.chance(0.1) ? null : ` ${random.pick(NOTES)} ${number} `
    const amount = random.chance(bad) ? 'x' : (random.int(-99_999, 9_999_999) / 100).toFixed(2)
    rows.push([...key, note, amount, group])
    if (load !== 'insert' && load !== 'replace' && random.chance(0.4)) preload(key)
    if (where && group === 4) continue
    counts.read++
    if (filter && group >= 3) {
      counts.filtered++
      continue
    }
    const there = existing.has(key.join('|'))
    const rejected = amount === 'x' || (load === 'update' && !there)
    if (rejected) counts[policy === 'skip' ? 'skipped' : 'quarantined']++
    else if (load === 'ignore' && there) counts.skipped++
    else {
      counts.written++
      after.push([...key, note?.trim() ?? '∅', amount].join('|'))
      existing.delete(key.join('|'))
    }
  }
  if (load !== 'insert')
    for (let i = 1; i <= 5; i++) preload(keyKind === 'pair' ? [-i, 'none'] : [keyKind === 'text' ? `a${i}` : -i])
  if (load === 'replace') existing.clear()
  const chunks = size === undefined && random.chance(0.3) ? [`chunks: ${random.int(2, 4)}`] : []
  return {
    name,
    keyless,
    source: {
      name: `s_${name}`,
      columns: { ...keyTypes, v: 'text', n: 'text', g: 'integer' },
      constraints: [`primary key (${keys.join(', ')})`],
      rows,
    },
    target: {
      name: `t_${name}`,
      columns: { ...keyTypes, v: 'text', n: 'decimal(12,2)' },
      constraints: keyless ? [] : [`primary key (${keys.join(', ')})`],
      rows: before,
    },
    yaml: [
      `from: s_${name}`,
      `to: t_${name}`,
      `load: ${load}`,
      `on_error: ${policy}`,
      `batch_size: ${size === undefined ? random.int(7, 90) : 1000}`,
      ...chunks,
      ...(where ? ['where: "g <> 4"'] : []),
      ...(filter ? ['filter: { "<": [{ var: g }, 3] }'] : []),
      'rest: ignore',
      `fields: { ${keys.map(key => `${key}: ${key}`).join(', ')}, v: { from: v, apply: [trim] }, n: { from: n, type: "decimal(12,2)" } }`,
    ],
    image: `select ${keys.join(', ')}, v, n from t_${name}`,
    decimals: [keys.length + 1],
    expected: [...after, ...existing.values()],
    counts,
  }
}

/** Rows that break a unique column of the target: the first stays. */
export function unique(random: Random, name: string): EntityModel {
  const rows: Cell[][] = []
  const seen = new Set<string>()
  const size = random.int(40, 400)
  for (let id = 1; id <= size; id++) {
    const word = seen.size > 0 && random.chance(0.05) ? random.pick([...seen]) : `u${id}`
    seen.add(word)
    rows.push([id, word])
  }
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
    counts: { read: size, written: seen.size, skipped: 0, filtered: 0, quarantined: size - seen.size },
  }
}

/** Generated keys and rows that refer to rows of the same table: a second pass. */
export function tree(random: Random, name: string): EntityModel {
  const size = random.int(30, 300)
  const no = (i: number): string => `n${String(i).padStart(4, '0')}`
  const rows = Array.from({ length: size }, (_, i): Cell[] => [
    no(i),
    random.chance(0.6) ? no(random.int(0, size - 1)) : null,
  ])
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
      `batch_size: ${random.int(10, 60)}`,
      `fields: { no: no, parent_id: { from: parent_no, ref: ${name} } }`,
    ],
    image: `select a.no, p.no from t_${name} a left join t_${name} p on p.id = a.parent_id`,
    decimals: [],
    expected: rows.map(row => imageRow(row, [])),
    counts: { read: size, written: size, skipped: 0, filtered: 0, quarantined: 0 },
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
    counts: { read: size, written: good.length, skipped: 0, filtered: 0, quarantined: size - good.length },
  }
}
