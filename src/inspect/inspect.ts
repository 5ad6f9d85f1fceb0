import { formatTable, type Table } from '../core/catalog.js'
import type { Database, ReadSpec, Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { quoteName, quoteTable } from '../core/sql.js'
import { alikeTables } from './alike.js'
import type { ColumnProfile, Inspection, InspectOptions, Reference, TableProfile } from './api.js'
import { DateTally } from './date-formats.js'
import { RowProfiler, readColumns } from './profile-rows.js'
import { refusedOnly, SqlProfiler } from './profile-sql.js'
import { type Link, linksOf, linkText } from './references.js'
import { uniqueLooking } from './unique-looking.js'

const SAMPLE_OVER = 2_000_000
const SAMPLE_ROWS = 100_000
/** Rows whose texts are looked at for dates. */
const DATE_ROWS = 5_000
const MOST_EXAMPLES = 5

/**
 * Looks at everything a database holds, or at files: what is there, and what will be trouble when it is moved. Reads only,
 * by aggregates where the database can; rows of very large tables are sampled, which the result says.
 *
 * @throws EtlError E208 of kind `usage` where a table asked for is not there
 */
export async function inspectDatabase(database: Database, options: InspectOptions = {}): Promise<Inspection> {
  const refs = options.tables?.map(table => ({ table })) ?? (await database.listTables())
  const tables: Table[] = []
  for (const ref of refs) {
    const table = await database.table(ref)
    if (table !== undefined) tables.push(table)
    else if (options.tables !== undefined) throw noTable(database, formatTable(ref))
  }
  tables.sort((a, b) => (formatTable(a) < formatTable(b) ? -1 : 1))
  const session = await database.session({ readOnly: true })
  const work = new Work(database, session, options)
  try {
    const profiles: TableProfile[] = []
    for (const [i, table] of tables.entries()) {
      if (options.signal?.aborted) throw new EtlError('E515', 'stopped', { kind: 'interrupted' })
      options.onTable?.(formatTable(table), i, tables.length)
      profiles.push(await work.table(table))
    }
    const large = new Set(profiles.filter(({ sampled }) => sampled !== undefined).map(({ name }) => name))
    return {
      source: database.identity.label,
      tables: profiles,
      references: await work.references(linksOf(tables), large),
      alike: alikeTables(tables.filter(({ kind }) => kind === 'table')),
      notes: work.notes,
    }
  } finally {
    await session.close()
  }
}

function noTable(database: Database, name: string): EtlError {
  const where = database.identity.label
  return new EtlError('E208', `there is no table ${name}`, { kind: 'usage', where, hint: 'leave --table out for all' })
}

class Work {
  readonly notes: string[] = []
  readonly #database: Database
  readonly #session: Session
  readonly #options: InspectOptions

  constructor(database: Database, session: Session, options: InspectOptions) {
    this.#database = database
    this.#session = session
    this.#options = options
  }

  async table(table: Table): Promise<TableProfile> {
    const bytes = await this.#database.size?.(table).catch(refusedOnly)
    const head = {
      name: formatTable(table),
      kind: table.kind,
      ...(bytes === undefined ? {} : { bytes }),
      primaryKey: table.primaryKey.filter(name => readColumns(table).some(column => column.name === name)),
      uniques: table.uniques.map(({ columns }) => columns),
    }
    if (this.#isFile) return { ...head, ...(await this.#byReading(table, undefined)) }
    const { sampleOver = SAMPLE_OVER, sampleRows = SAMPLE_ROWS } = this.#options
    const rows = table.estimatedRows ?? 0
    if (rows > sampleOver) return { ...head, ...(await this.#byReading(table, sampleRows)), rows, sampled: sampleRows }
    return { ...head, ...(await this.#bySql(table)) }
  }

  get #isFile(): boolean {
    return this.#database.connector.capabilities.files === true
  }

  async #bySql(table: Table): Promise<Pick<TableProfile, 'rows' | 'columns' | 'duplicates'>> {
    const profiler = new SqlProfiler(this.#session, this.#database.connector.capabilities.dialect, table)
    const rows = await profiler.rows()
    const columns = rows === 0 ? await profiler.columns(0) : await this.#withDates(table, await profiler.columns(rows))
    const duplicates: TableProfile['duplicates'][number][] = []
    for (const looking of table.kind === 'table' ? uniqueLooking(table) : []) {
      const found = await profiler.duplicates(looking).catch(refusedOnly)
      if (found !== undefined) duplicates.push(found)
    }
    return { rows, columns, duplicates }
  }

  /** How dates are written in text is beyond the SQL that databases share: the first rows are read. */
  async #withDates(table: Table, profiles: readonly ColumnProfile[]): Promise<ColumnProfile[]> {
    const texts = readColumns(table).filter(({ type: { kind } }) => kind === 'text' || kind === 'any')
    if (texts.length === 0) return [...profiles]
    const tallies = new Map(texts.map(({ name }) => [name, new DateTally()]))
    for await (const rows of this.#read(table, texts, DATE_ROWS)) {
      for (const row of rows) {
        for (const [i, { name }] of texts.entries()) {
          const value = row[i]
          if (typeof value === 'string') tallies.get(name)?.add(value)
        }
      }
    }
    return profiles.map(profile => {
      const dates = tallies.get(profile.name)?.result()
      return dates === undefined ? profile : { ...profile, dates }
    })
  }

  async #byReading(
    table: Table,
    limit: number | undefined,
  ): Promise<Pick<TableProfile, 'rows' | 'columns' | 'duplicates'>> {
    const columns = readColumns(table)
    // The number of a row in its file is no key of the data.
    const keyed = this.#isFile ? { ...table, primaryKey: [] } : table
    const profiler = new RowProfiler(columns, uniqueLooking(keyed))
    for await (const rows of this.#read(table, columns, limit)) for (const row of rows) profiler.add(row)
    return { rows: profiler.rows, columns: profiler.columns(), duplicates: profiler.duplicates() }
  }

  async *#read(table: Table, columns: Table['columns'], limit: number | undefined) {
    const key = this.#isFile ? [] : table.primaryKey
    const all = [...new Set([...columns, ...table.columns.filter(({ name }) => key.includes(name))])]
    const spec: ReadSpec = {
      from: { table: { ...(table.schema === undefined ? {} : { schema: table.schema }), table: table.table } },
      columns: all.map(({ name, type }) => ({ name, type, decode: false })),
      order: key.map(name => ({ index: all.findIndex(column => column.name === name), nullable: false })),
      batchRows: 1000,
      batchBytes: 4 << 20,
      ...(limit === undefined ? {} : { limit }),
    }
    await this.#session.begin()
    try {
      for await (const { rows, malformed = [] } of this.#session.read(
        spec,
        this.#options.signal ?? new AbortController().signal,
      )) {
        if (malformed.length > 0) this.notes.push(`${formatTable(table)}: ${malformed.length} rows cannot be read`)
        const bad = new Set(malformed.map(({ row }) => row))
        yield bad.size === 0 ? rows : rows.filter((_, i) => !bad.has(i))
      }
    } finally {
      await this.#session.rollback()
    }
  }

  async references(links: readonly Link[], large: ReadonlySet<string>): Promise<Reference[]> {
    if (this.#isFile) return []
    const found: Reference[] = []
    for (const link of links) {
      const names = [formatTable(link.table), formatTable(link.to)]
      const told = `${formatTable(link.table)}.${link.columns.join(', ')} → ${linkText(link)}`
      if (names.some(name => large.has(name))) {
        this.notes.push(`${told}: not followed, because a table is too large`)
        continue
      }
      const reference = await this.#follow(link).catch(refusedOnly)
      if (reference === undefined) this.notes.push(`${told}: the two cannot be compared`)
      else found.push(reference)
    }
    return found
  }

  async #follow({ table, columns, to, toColumns, declared }: Link): Promise<Reference> {
    const { dialect } = this.#database.connector.capabilities
    const name = (text: string): string => quoteName(dialect, text)
    const present = columns.map(column => `c.${name(column)} is not null`).join(' and ')
    const same = columns.map((column, i) => `p.${name(toColumns[i] ?? '')} = c.${name(column)}`).join(' and ')
    const child = `${quoteTable(dialect, table)} c`
    const orphans = `${child} where ${present} and not exists (select 1 from ${quoteTable(dialect, to)} p where ${same})`
    const [missing] = await this.#session.query(`select count(*) from ${child} where not (${present})`)
    const [count] = await this.#session.query(`select count(*) from ${orphans}`)
    const keys = columns.map(column => `c.${name(column)}`).join(', ')
    const examples =
      Number(count?.[0]) === 0
        ? []
        : await this.#session.query(`select distinct ${keys} from ${orphans} order by ${keys}`)
    return {
      table: formatTable(table),
      columns,
      to: formatTable(to),
      toColumns,
      declared,
      orphans: Number(count?.[0] ?? 0),
      examples: examples.slice(0, MOST_EXAMPLES),
      missing: Number(missing?.[0] ?? 0),
    }
  }
}
