import type { Column, Table, TableRef } from './catalog.js'
import type { Dialect } from './dialect.js'
import type { NativeCopy } from './native-copy.js'
import type { Row, Value } from './row.js'
import type { RowVersion } from './row-version.js'
import type { Scratch, ScratchOptions } from './scratch.js'
import type { Driver, ServerFacts } from './server-facts.js'
import type { SourceBatch } from './source-batch.js'
import type { LogicalType } from './types.js'
import type { WriteTrace } from './write-trace.js'

export type { Dialect, HashedColumn } from './dialect.js'
export type { MalformedRow, SourceBatch } from './source-batch.js'

/**
 * The contract between the program and a database. A connector is a folder that implements it and one line in the
 * registry; shared code never asks which database it has, it reads {@link Capabilities}.
 */
export interface Connector {
  /** The `type:` in the file; also the folder's name. */
  readonly name: string
  readonly summary: string
  readonly roles: readonly ('source' | 'target')[]
  /** JSON Schemas of the properties of the `sources.X` / `target` block, without `type`. Every one has a description. */
  readonly properties: Readonly<Record<string, object>>
  /** The same of the `target` block, where it takes others. Default: `properties`. */
  readonly targetProperties?: Readonly<Record<string, object>>
  /** Names of properties whose values are secrets wherever they come from (`password`). */
  readonly secrets: readonly string[]
  readonly capabilities: Capabilities
  /** Absent: it needs none. */
  readonly driver?: Driver
  /** Programs that copy a database; without them its tables are saved row by row. Default: none. */
  readonly tools?: readonly string[]
  /** Imports the driver, connects, checks the login; throws {@link EtlError} of kind `connection` or `usage`. */
  open(config: ConnectionConfig, options: OpenOptions): Promise<Database>
  /**
   * How rows become what {@link TableWriter.write} takes. Pure and free of connections, so it may run in another thread.
   *
   * @param config the `target` block, where its options decide it; absent, every one has its default
   */
  encoder(spec: WriteSpec, config?: ConnectionConfig): Encoder
  /**
   * The tables of a `target` block once more, empty, for whoever tries something out; the database itself is not touched.
   * Absent where there is no such thing.
   */
  scratch?(config: ConnectionConfig, options: ScratchOptions): Promise<Scratch>
}

/** A validated `sources.X` / `target` block with variables resolved. */
export type ConnectionConfig = Readonly<Record<string, unknown>> & { readonly type: string }

export interface OpenOptions {
  /** Refuses every write, by the database's own means where it has one. */
  readonly readOnly: boolean
  /** Folder of the pipeline file; relative paths start here. */
  readonly baseDir: string
  /** Shown by the server in its list of sessions. */
  readonly applicationName: string
  /** Target only: create the database file where it is missing. */
  readonly create?: boolean
}

/** What a database can do; the only differences shared code knows. */
export interface Capabilities {
  readonly dialect: Dialect
  /** One writing session at a time (SQLite). */
  readonly singleWriter: boolean
  /** What the readers of one run see, and those of its resume; for people who look at the plan. */
  readonly reading: string
  /** {@link SessionOptions.snapshot} works on every connection to the database, also in another thread or process. */
  readonly sharedSnapshot: boolean
  /** Can a create table be rolled back? */
  readonly transactionalDdl: boolean
  /** The longest identifier. */
  readonly maxIdentifier: { readonly length: number; readonly unit: 'bytes' | 'characters' }
  /** Are columns of a table one, whose names differ only in case? */
  readonly columnsIgnoreCase: boolean
  /** Rows in a batch where nobody says otherwise. */
  readonly batchRows: number
  /** Can text hold U+0000? */
  readonly nulInText: boolean
  /** Empty texts and bytes are kept as null (Oracle). */
  readonly emptyIsNull?: boolean
  /** A column takes any value whatever its declared type says (SQLite): NOT NULL and length are checked by us. */
  readonly looseTypes: boolean
  /** A float column keeps the sign of zero. */
  readonly signedZero?: boolean
  /**
   * Tables are files: read in their own order (`ReadSpec.order` is empty), no SQL, no key but the number of the row.
   * In a target each run makes them anew, by {@link Session.startTable} and {@link Session.finishTable}, and rows are only
   * added; SQL and `createTable` are for the ledger, which lives in a database beside them.
   */
  readonly files?: boolean
  /** A row keeps the server busy for longer than it does us: ranges side by side need cores that would be idle else. */
  readonly serverBound?: boolean
  /** It lies in files of this machine: another one need not have them. */
  readonly onThisMachine?: boolean
  /** Each row carries what changes with every change of it. Absent: only its values tell. */
  readonly rowVersion?: RowVersion
  /** Encoded rows are a few buffers, handed from thread to thread at no cost. Absent: they would have to be copied. */
  readonly flatPayload?: boolean
}

export interface Identity {
  /** Stays the same for one database wherever it is seen from, and differs between two; never holds a secret. */
  readonly uid: string
  /** For people: `postgres 15.3 localhost:5432/app`. */
  readonly label: string
  readonly version: string
}

export interface MissingRight {
  /** Names the schema and the login. */
  readonly message: string
  /** The statement or command that gives the right. */
  readonly hint: string
}

/** An opened database: catalog and sessions. */
export interface Database {
  readonly connector: Connector
  readonly identity: Identity
  /** Tables and views, names only, of the default schema and of those named in refs seen so far. */
  listTables(): Promise<readonly TableRef[]>
  /** The table with everything the planner needs; undefined where it does not exist (or is not visible). */
  table(ref: TableRef): Promise<Table | undefined>
  /** Each of them as {@link Database.table} gives it, in the order asked. Absent where many at once cost as much as one by one. */
  tables?(refs: readonly TableRef[]): Promise<readonly (Table | undefined)[]>
  /**
   * How the catalog will describe a column that {@link Session.createTable} makes: a database without the type asked for
   * takes the nearest one. Absent: exactly as asked.
   */
  created?(column: NewColumn, inKey: boolean): Pick<Column, 'type' | 'native'>
  /** Bytes that the table takes with its indexes; undefined where that is not known. Absent where it cannot be told. */
  size?(table: Table): Promise<number | undefined>
  /** Columns of a query, without running it. */
  describe(query: string): Promise<readonly Column[]>
  /** What may the login do with the table? Only what the database can say without trying. */
  rights(ref: TableRef): Promise<{ readonly select: boolean; readonly write: boolean }>
  /**
   * What keeps the login from creating the table and writing to it, which is not there yet; undefined where nothing does as
   * far as the database can say without trying. Absent: nothing can be said.
   */
  missingCreateRight?(ref: TableRef): Promise<MissingRight | undefined>
  /** What a person asks first when something is wrong. Absent: nothing is known. */
  facts?(): Promise<ServerFacts>
  session(options: SessionOptions): Promise<Session>
  /**
   * One view of everything for as many sessions as read by it. Absent where the database has none; undefined where it has
   * none to give now, or where the one of `id` is gone.
   */
  snapshot?(options: SnapshotOptions): Promise<Snapshot | undefined>
  /**
   * The database's own lock on a name, freed by the database when this process dies.
   * Undefined when someone else holds it.
   */
  lock(name: string): Promise<Lock | undefined>
  /**
   * Ends sessions by their {@link Session.id}, as far as the login may, and resolves to those that are gone then, also to
   * those that were gone before. Absent where there is no server to ask.
   */
  endSessions?(ids: readonly string[]): Promise<readonly string[]>
  /**
   * The database's own way to be copied and put back; where the tool for it is missing or does not suit, why. Absent: it
   * has none, and its tables are dumped row by row.
   */
  nativeCopy?(): Promise<NativeCopy | { readonly unavailable: string }>
  close(): Promise<void>
}

export interface SessionOptions {
  /** Refuses writes. */
  readonly readOnly: boolean
  /** Reads what the snapshot of this id saw, from `begin` to each transaction's end. Throws E521 where it is gone. */
  readonly snapshot?: string
}

export interface SnapshotOptions {
  /** Sessions that will read by it at the same time, at most. */
  readonly sessions: number
  /** Tables that will be read by it: where TRUNCATE or ALTER TABLE show through a snapshot, they wait for its end. */
  readonly tables?: readonly TableRef[]
  /** Not a new one, but the one of a run before; asked for only where it {@link Snapshot.survives}. */
  readonly id?: string
}

/** One state of a database, held until it is closed or its connection is lost. */
export interface Snapshot {
  /** What sessions join it by; kept in the ledger. */
  readonly id: string
  /** It can be had again by its id when this process has ended. */
  readonly survives: boolean
  /**
   * Did nobody commit since? Then a session that began before the question sees the same. Present where sessions of another
   * thread cannot join (no {@link Capabilities.sharedSnapshot}), and this can be told.
   */
  unchanged?(): Promise<boolean>
  close(): Promise<void>
}

export interface Lock {
  /** {@link Session.id} of the session that holds it; absent where no server does. */
  readonly session?: string
  /** Resolves when its connection is seen to break; {@link Lock.check} finds also what breaks unseen. */
  readonly lost?: Promise<void>
  /** Asks on the lock's own connection; throws E306 where the lock is lost. */
  check(): Promise<void>
  release(): Promise<void>
}

/** One connection. Not for concurrent use, but for {@link Session.read} of a reading session. */
export interface Session {
  /** Keys that {@link ReadSpec.keys} takes well. Default: 500 values. */
  readonly keysAtOnce?: number
  /** The server's name of it, never given to a second one. Absent where there is no server. */
  id?(): Promise<string>
  /** Runs one statement; rows in canonical values. */
  query(sql: string, params?: readonly Value[]): Promise<Row[]>
  /** Runs one statement; gives the number of rows it changed. */
  execute(sql: string, params?: readonly Value[]): Promise<number>
  /** A writing transaction; for a reading session one stable snapshot where the database has it. */
  begin(): Promise<void>
  /** Resolves only when the database says committed; anything else is an error. */
  commit(): Promise<void>
  /** Never throws: a broken connection has rolled back. */
  rollback(): Promise<void>
  /**
   * From here to the end of the transaction, constraints that the schema defers to the commit are checked by each
   * statement, so that the guilty row can be found. Absent where the database knows no such constraints.
   */
  constraintsNow?(): Promise<void>
  savepoint(name: string): Promise<void>
  rollbackTo(name: string): Promise<void>
  releaseSavepoint(name: string): Promise<void>
  /** Streams rows in the given order with constant memory. Leaving the loop ends the statement. */
  read(spec: ReadSpec, signal: AbortSignal): AsyncIterable<SourceBatch>
  count(spec: Pick<ReadSpec, 'from' | 'where'>): Promise<number>
  /**
   * Cursors that cut the source into so many parts of about one size; fewer where it cannot be cut so. Absent where values
   * of `order` do it.
   *
   * @throws EtlError E522 where the table has another version by now
   */
  splits?(
    spec: Pick<ReadSpec, 'from' | 'version'>,
    parts: number,
    signal: AbortSignal,
  ): Promise<readonly (readonly Value[])[]>
  /** Deletes the rows that have one of the keys, none of which holds a null; gives their number. Absent for files. */
  remove?(ref: TableRef, key: readonly ReadColumn[], keys: readonly (readonly Value[])[]): Promise<number>
  /** Prepares bulk writing within the current transaction; good for many batches of many transactions. */
  writer(spec: WriteSpec): Promise<TableWriter>
  /** `create table` for columns of logical types, with the primary key; the types the database would choose are lossless. */
  createTable(ref: TableRef, columns: readonly NewColumn[], primaryKey: readonly string[]): Promise<void>
  /** `alter table` that adds columns, each without a default. */
  addColumns(ref: TableRef, columns: readonly NewColumn[]): Promise<void>
  /**
   * Begins a file, in place of `createTable`. Nobody sees it under its name before it is finished.
   *
   * @param replace whether one that is there already may give way
   * @throws EtlError E524 where it may not
   */
  startTable?(ref: TableRef, columns: readonly NewColumn[], replace: boolean): Promise<void>
  /** The file has all its rows: with the commit it gets its name. */
  finishTable?(ref: TableRef): Promise<void>
  /** After loading explicit keys: moves sequences or auto-increments past the largest. Columns are the table's generated ones. */
  advanceSequences(ref: TableRef, columns: readonly string[]): Promise<void>
  /**
   * Within the transaction foreign keys of the tables are not looked at from here to when the result is called, which puts
   * everything back. Absent where the database cannot without ending the transaction.
   */
  deferForeignKeys?(tables: readonly Table[]): Promise<() => Promise<void>>
  close(): Promise<void>
}

export interface NewColumn {
  readonly name: string
  readonly type: LogicalType
  readonly nullable: boolean
}

export interface ReadColumn {
  readonly name: string
  readonly type: LogicalType
  /**
   * True where an expression or function looks at the value: it must come in the form of the type (boolean, number…).
   * False where it only passes through: the server's own text is as good.
   */
  readonly decode: boolean
}

export interface OrderColumn {
  /** Index into `ReadSpec.columns`. */
  readonly index: number
  readonly nullable: boolean
}

/** Rows of which one column lies between two values. */
export interface ReadWindow {
  /** Index into `columns`. */
  readonly index: number
  /** Absent: from the smallest value on, and with it the rows without a value. */
  readonly after?: Value
  /** Rows equal to `after` are read too. */
  readonly inclusive: boolean
  /** Inclusive end; null: no value at all. Absent: no end. Both are values as a cursor of the column holds them. */
  readonly until?: Value
}

export interface ReadSpec {
  readonly from: { readonly table: TableRef } | { readonly query: string }
  readonly columns: readonly ReadColumn[]
  /** SQL of the user, run as it is inside parentheses. */
  readonly where?: string
  /** `Table.version`: E522 where the table has another one by now. */
  readonly version?: string
  /** A total order: ends with the key. Empty only where the source has an order of its own. */
  readonly order: readonly OrderColumn[]
  /** Exclusive start: the cursor of the last batch that is safe, or a chunk's lower bound. Values of `order`. */
  readonly after?: readonly Value[]
  /** Inclusive end of a chunk. Values of `order`. */
  readonly until?: readonly Value[]
  /** Only rows whose values of `order` are one of these, none of which holds a null. Never asked of files. */
  readonly keys?: readonly (readonly Value[])[]
  /** In a writing transaction: the rows are as they will stay until it ends, whoever else writes. */
  readonly lock?: true
  /** Never asked of files. */
  readonly window?: ReadWindow
  readonly limit?: number
  readonly batchRows: number
  /** A batch ends early when its values pass this size. */
  readonly batchBytes: number
}

export type WriteMode = 'insert' | 'ignore' | 'upsert' | 'update'

export interface WriteSpec {
  readonly table: TableRef
  /** Target columns in the order of the rows' values. */
  readonly columns: readonly Column[]
  readonly mode: WriteMode
  /** Columns that decide "the same row" for ignore, upsert, update; a subset of `columns`. */
  readonly match: readonly string[]
  /** No constraint keeps `match` unique: `ignore` looks for the row itself. Nobody else writes such rows meanwhile. */
  readonly unkeyed?: true
  /** Generated key column whose value is wanted for every row; it is not among `columns`. */
  readonly returning?: Column
  /** What merges do is to be told, with these columns of the rows that they update. */
  readonly trace?: readonly ReadColumn[]
}

/** Encoded rows. Opaque but for the counts; structured-cloneable, its buffers transferable. */
export interface Payload {
  readonly rows: number
  readonly bytes: number
  readonly data: unknown
}

/**
 * Turns rows (canonical values, cast to the columns' types) into a {@link Payload}.
 * A value it cannot hold is a programming error of the cast, not a row error.
 */
export interface Encoder {
  encode(rows: readonly Row[]): Payload
}

export interface WriteResult {
  readonly inserted: number
  readonly updated: number
  /** `ignore`: rows that were there already. */
  readonly skipped: number
  /** `update`: indexes (within the payload) of rows that the target does not have. */
  readonly missing: readonly number[]
  /** The generated keys where `returning` asked: one per row of the written range, existing rows' keys for those that were there. */
  readonly keys?: readonly Value[]
  readonly trace?: WriteTrace
}

export interface TableWriter {
  /** Each result has a `trace`, where the specification asks for one. */
  readonly traces?: boolean
  /**
   * Writes rows `from` (inclusive) to `to` (exclusive) of the payload by the database's bulk path, within the session's
   * transaction. Two rows of the range with equal match values: the later wins for upsert and update, the earlier for ignore.
   * Throws {@link EtlError}; kind `row` when the data is at fault, with the row's index within the payload where the
   * database tells. After a throw the caller rolls back to its savepoint.
   */
  write(payload: Payload, from: number, to: number): Promise<WriteResult>
  /**
   * All rows of several payloads at once, which costs less than one after the other; absent where it does not. The payloads
   * are in the order in which one encoder made them. `missing` and `keys` count the rows of all of them. An error does not
   * say which row.
   */
  writeAll?(payloads: readonly Payload[]): Promise<WriteResult>
  close(): Promise<void>
}
