import { stringify } from 'yaml'

export interface ChinookTable {
  /** In PostgreSQL. */
  readonly name: string
  /** In SQLite. */
  readonly original: string
  readonly columns: readonly { readonly name: string; readonly original: string }[]
}

const TABLES: Readonly<Record<string, string>> = {
  Employee:
    'EmployeeId LastName FirstName Title ReportsTo BirthDate HireDate Address City State Country PostalCode Phone Fax Email',
  Customer: 'CustomerId FirstName LastName Company Address City State Country PostalCode Phone Fax Email SupportRepId',
  Artist: 'ArtistId Name',
  Album: 'AlbumId Title ArtistId',
  Genre: 'GenreId Name',
  MediaType: 'MediaTypeId Name',
  Track: 'TrackId Name AlbumId MediaTypeId GenreId Composer Milliseconds Bytes UnitPrice',
  Invoice:
    'InvoiceId CustomerId InvoiceDate BillingAddress BillingCity BillingState BillingCountry BillingPostalCode Total',
  InvoiceLine: 'InvoiceLineId InvoiceId TrackId UnitPrice Quantity',
  Playlist: 'PlaylistId Name',
  PlaylistTrack: 'PlaylistId TrackId',
}

const snakeCase = (name: string): string => name.replace(/\B[A-Z]/g, letter => `_${letter}`).toLowerCase()

/** The tables, referring ones not always after those they refer to: the order is the program's to find. */
export const CHINOOK_TABLES: readonly ChinookTable[] = Object.entries(TABLES)
  .reverse()
  .map(([original, columns]) => ({
    name: snakeCase(original),
    original,
    columns: columns.split(' ').map(column => ({ name: snakeCase(column), original: column })),
  }))

const SQLITE = { type: 'sqlite', path: 'chinook.sqlite' }
const COPY = { type: 'sqlite', path: '${CHINOOK_COPY}' }
const POSTGRES = { type: 'postgres', url: '${DATABASE_URL}' }

export function toPostgres(): string {
  return pipeline('chinook-to-postgres', SQLITE, POSTGRES, t => ({
    from: t.original,
    to: t.name,
    fields: Object.fromEntries(t.columns.map(c => [c.name, c.original])),
    ...(t.original === 'Employee' ? { defer: ['reports_to'] } : {}),
  }))
}

export function toSqlite(): string {
  return pipeline('chinook-to-sqlite', POSTGRES, COPY, t => ({
    from: t.name,
    to: t.original,
    fields: Object.fromEntries(t.columns.map(c => [c.original, c.name])),
    ...(t.original === 'Employee' ? { defer: ['ReportsTo'] } : {}),
  }))
}

export function pipeline(
  name: string,
  source: object,
  target: object,
  entity: (table: ChinookTable) => object,
): string {
  const entities = Object.fromEntries(CHINOOK_TABLES.map(table => [table.name, entity(table)]))
  return stringify({ version: 1, name, sources: { chinook: source }, target, entities })
}
