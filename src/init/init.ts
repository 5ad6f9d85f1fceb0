import { join, resolve } from 'node:path'
import { connectorNamed } from '../connectors/registry.js'
import { formatTable, type Table } from '../core/catalog.js'
import type { Database } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Inspection } from '../inspect/api.js'
import { inspectDatabase } from '../inspect/inspect.js'
import { type Location, locationOf } from '../inspect/location.js'
import { languageSchema } from '../load/schema.js'
import { LEDGER_TABLES } from '../run/ledger-tables.js'
import { connectionText, dotenvText, pathFrom } from './connection.js'
import { documentText, SOURCE } from './document.js'
import { type LiveDatabase, liveSchema, namesOf } from './live-schema.js'
import { decisions, type Proposal, type Side } from './proposal.js'
import { identifier, propose } from './propose.js'

export interface InitOptions {
  /** Address of what is read; as `inspectUrl` takes it. */
  readonly from: string
  /** Address of what is written. */
  readonly to: string
  /** Relative paths in the addresses start here. Default: where the program runs. */
  readonly baseDir?: string
  /** Where the pipeline file will be. Default: `baseDir`. */
  readonly folder?: string
  /** Where the editor finds the schema, from the file. */
  readonly schema: string
  /** Only these tables of the source, by their names. Default: all. */
  readonly tables?: readonly string[]
  readonly signal?: AbortSignal
  /** Called with the name of each table of the source before it is looked at. */
  readonly onTable?: (name: string, done: number, of: number) => void
}

/** A pipeline that was proposed, as text. */
export interface InitResult {
  readonly name: string
  readonly pipeline: string
  /** What `.env.example` is to hold; undefined where the file asks for no variables. */
  readonly dotenv: string | undefined
  readonly proposal: Proposal
  /** What somebody has to decide, each with its place in the file. */
  readonly decisions: readonly string[]
  readonly source: Found
  readonly target: Found
  /** Names of the variables that the file asks for. */
  readonly variables: readonly string[]
  /** The JSON Schema of the language with the tables and columns of both sides, as text. */
  readonly schema: string
}

/** What was found on one side. */
export interface Found {
  readonly label: string
  readonly tables: readonly Table[]
}

/**
 * Connects to both sides (read-only), looks at their tables and at the source's rows, and proposes a pipeline from the one
 * to the other. Writes nothing.
 *
 * @throws EtlError of kind `usage` or `connection` where an address cannot be used
 */
export async function initPipeline(options: InitOptions): Promise<InitResult> {
  const { from, to, baseDir = '.', schema } = options
  const [source, target] = [await lookAt(from, options, true), await lookAt(to, options, false)]
  const proposal = propose(source.side, target.side)
  if (proposal.entities.length === 0) {
    const hint = '`etl inspect --url …` shows what is there; say --table for tables of another schema'
    throw new EtlError('E208', 'no table of the source has a partner in the target', { kind: 'usage', hint })
  }
  const name = `${plainName(source.side.label, from)}-to-${plainName(target.side.label, to)}`.slice(0, 60)
  const folder = resolve(baseDir, options.folder ?? '')
  const [sourceText, targetText] = [
    connectionText(from, source.location, 'SOURCE', { baseDir, folder }),
    connectionText(to, target.location, 'TARGET', { baseDir, folder }),
  ]
  return {
    name,
    proposal,
    decisions: decisions(proposal),
    variables: [...sourceText.variables, ...targetText.variables].map(([variable]) => variable),
    schema: schemaText(source.side, target.side),
    dotenv: dotenvText([sourceText, targetText]),
    pipeline: documentText({
      name,
      schema,
      proposal,
      source: { ...sourceText, label: source.side.label },
      target: { ...targetText, label: target.side.label },
    }),
    source: { label: source.side.label, tables: source.side.tables },
    target: { label: target.side.label, tables: target.side.tables },
  }
}

function schemaText(source: Side, target: Side): string {
  const live = (side: Side): LiveDatabase => ({
    files: side.capabilities.files === true,
    tables: side.tables.map(table => ({ names: namesOf(table, side.defaultSchema), columns: table.columns })),
  })
  const tables = { sources: { [SOURCE]: live(source) }, target: live(target) }
  return `${JSON.stringify(liveSchema(languageSchema(), tables))}\n`
}

/** Connects (read-only) and lists the tables that may be moved or filled; for whoever chooses among them. */
export async function tablesAt(url: string, baseDir = '.'): Promise<Found> {
  const { side } = await lookAt(url, { baseDir }, false)
  return { label: side.label, tables: side.tables }
}

interface Looked {
  readonly side: Side
  readonly location: Location
}

async function lookAt(
  url: string,
  { baseDir = '.', folder = '', tables: wanted, signal, onTable }: Partial<InitOptions>,
  isSource: boolean,
): Promise<Looked> {
  const location = locationOf(url)
  const connector = connectorNamed(location.config.type)
  if (connector === undefined) throw new EtlError('E901', `no connector ${location.config.type}`)
  const database = await connector.open(location.config, {
    readOnly: true,
    baseDir: resolve(baseDir, location.dir ?? ''),
    applicationName: 'etl init',
    ...(isSource ? {} : { create: true }),
  })
  try {
    const isFile = connector.capabilities.files === true
    const given = isSource ? wanted : undefined
    const only = location.table === undefined || !isSource ? given : [location.table]
    const tables = isFile && !isSource ? [] : await tablesOf(database, only)
    const inspection =
      isSource && tables.length > 0 ? await profileOf(database, tables, { signal, onTable }) : undefined
    const schemas = new Set(tables.map(({ schema }) => schema))
    const [schema] = schemas
    // A file is opened where it lies, and named from the folder of the pipeline.
    const placed = (name: string): string =>
      location.dir === undefined
        ? name
        : pathFrom({ baseDir, folder: resolve(baseDir, folder) }, join(location.dir, name))
    return {
      location,
      side: {
        label: database.identity.label,
        capabilities: connector.capabilities,
        tables: tables.map(table => ({ ...table, table: placed(table.table) })),
        profiles: new Map((inspection?.tables ?? []).map(profile => [placed(profile.name), profile])),
        references: inspection?.references ?? [],
        alike: inspection?.alike ?? [],
        ...(schemas.size === 1 && schema !== undefined ? { defaultSchema: schema } : {}),
      },
    }
  } finally {
    await database.close()
  }
}

/** Tables only, without those that the program itself keeps there. */
async function tablesOf(database: Database, only: readonly string[] | undefined): Promise<Table[]> {
  const refs = only?.map(table => ({ table })) ?? (await database.listTables())
  const tables: Table[] = []
  for (const ref of refs) {
    const table = await database.table(ref)
    if (table === undefined) {
      if (only === undefined) continue
      const hint = 'leave --table out for all'
      throw new EtlError('E208', `there is no table ${formatTable(ref)}`, { kind: 'usage', hint })
    }
    if (table.kind === 'table' && !Object.hasOwn(LEDGER_TABLES, table.table.toLowerCase())) tables.push(table)
  }
  return tables
}

function profileOf(
  database: Database,
  tables: readonly Table[],
  { signal, onTable }: { signal: AbortSignal | undefined; onTable: InitOptions['onTable'] | undefined },
): Promise<Inspection> {
  return inspectDatabase(database, {
    tables: tables.map(({ table }) => table),
    ...(signal === undefined ? {} : { signal }),
    ...(onTable === undefined ? {} : { onTable }),
  })
}

/** `chinook` of `…/chinook.sqlite` and `…/chinook?sslmode=…`. */
function plainName(label: string, url: string): string {
  const last =
    url
      .replace(/[?#].*$/, '')
      .replace(/\/+$/, '')
      .split(/[\\/:]/)
      .at(-1) ?? ''
  const name = identifier(last.replace(/\.\w+$/, '')).replace(/^t_$/, '')
  return name === '' ? identifier(label.split(' ')[0] ?? 'db') : name
}
