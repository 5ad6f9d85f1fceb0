import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect, isDeepStrictEqual } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll } from 'vitest'
import { connectorNamed } from '../../../../src/connectors/registry.js'
import type { Connector, Database, MalformedRow, ReadSpec, SourceBatch } from '../../../../src/core/connector.js'
import type { Row, Value } from '../../../../src/core/row.js'
import { fromJson, toJson } from '../../../../src/core/row.js'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'etl-files-'))
  folders.push(folder)
  return folder
}

/** A folder of files, read by a connector with the given options. */
export class Folder {
  readonly dir = newFolder()
  readonly #connector: Connector
  readonly #options: Readonly<Record<string, unknown>>

  constructor(connector: Connector, options: Readonly<Record<string, unknown>> = {}) {
    this.#connector = connector
    this.#options = options
  }

  /** Compressed where the name ends in `.gz`. */
  write(name: string, content: string | Buffer): this {
    writeFileSync(join(this.dir, name), name.endsWith('.gz') ? gzipSync(content) : content)
    return this
  }

  open(): Promise<Database> {
    const config = { type: this.#connector.name, ...this.#options }
    return this.#connector.open(config, { readOnly: true, baseDir: this.dir, applicationName: 'etl test' })
  }

  /** Batches of the file's own columns, then `$row` where it is asked for. */
  async batches(
    name: string,
    options: Partial<ReadSpec> & { readonly names?: readonly string[]; readonly take?: number } = {},
  ): Promise<SourceBatch[]> {
    const database = await this.open()
    const table = await database.table({ table: name })
    if (table === undefined) throw new Error(`no file ${name}`)
    const { names, take = Number.POSITIVE_INFINITY, ...spec } = options
    const all = table.columns.map(({ name: column, type }) => ({ name: column, type, decode: false }))
    const columns = names?.flatMap(wanted => all.filter(column => column.name === wanted)) ?? all.slice(0, -1)
    const session = await database.session({ readOnly: true })
    const found: SourceBatch[] = []
    const reading = session.read(
      { from: { table: { table: name } }, columns, order: [], batchRows: 1000, batchBytes: 1 << 24, ...spec },
      new AbortController().signal,
    )
    for await (const batch of reading) {
      found.push(batch)
      if (found.length === take) break
    }
    return found
  }

  async rows(name: string, options: Parameters<Folder['batches']>[1] = {}): Promise<Row[]> {
    return (await this.batches(name, options)).flatMap(batch => batch.rows)
  }

  async columns(name: string): Promise<string[]> {
    const table = await (await this.open()).table({ table: name })
    return table?.columns.map(column => column.name) ?? []
  }

  async splits(name: string, parts: number, version?: string): Promise<readonly (readonly Value[])[]> {
    const session = await (await this.open()).session({ readOnly: true })
    const spec = { from: { table: { table: name } }, ...(version === undefined ? {} : { version }) }
    return (await session.splits?.(spec, parts, new AbortController().signal)) ?? []
  }

  async malformed(name: string): Promise<(Omit<MalformedRow, 'row'> & { readonly $row: Value })[]> {
    const batches = await this.batches(name, { names: ['$row'] })
    return batches.flatMap(batch =>
      (batch.malformed ?? []).map(({ row, ...rest }) => ({ $row: batch.rows[row]?.[0] ?? null, ...rest })),
    )
  }
}

/** A cursor after its way through the ledger. */
export function stored(cursor: readonly Value[]): Value[] {
  return (JSON.parse(JSON.stringify(cursor.map(toJson))) as unknown[]).map(fromJson)
}

/**
 * Reads the file a row a time, then again from every position to its end, and between pairs of positions; gives what
 * does not agree with the first reading.
 */
export async function disagreements(folder: Folder, name: string): Promise<string[]> {
  const single = await folder.batches(name, { batchRows: 1 })
  const rows = single.flatMap(batch => batch.rows)
  const wrong: string[] = []
  const compare = (what: string, actual: readonly Row[], expected: readonly Row[]): void => {
    if (!isDeepStrictEqual(actual, expected)) wrong.push(`${what}: ${inspect(actual)}`)
  }
  for (const [i, { cursor }] of single.entries()) {
    compare(`after ${i}`, await folder.rows(name, { after: stored(cursor) }), rows.slice(i + 1))
    compare(`until ${i}`, await folder.rows(name, { until: stored(cursor) }), rows.slice(0, i + 1))
    const [middle] = single.slice(Math.floor(i / 2))
    if (middle === undefined) continue
    const between = { after: stored(middle.cursor), until: stored(cursor) }
    compare(`between ${i}`, await folder.rows(name, between), rows.slice(Math.floor(i / 2) + 1, i + 1))
  }
  return wrong
}

/** `code message` of what an action throws. */
export async function failure(action: Promise<unknown>): Promise<string> {
  try {
    await action
  } catch (error) {
    return `${(error as { code?: string }).code} ${(error as Error).message}`
  }
  return 'nothing was thrown'
}

export const csv = connectorNamed('csv') as Connector
export const jsonl = connectorNamed('jsonl') as Connector

/** Rows of the file with their numbers, and what is wrong with those that cannot be understood. */
export async function numbered(folder: Folder, name: string, range: Partial<ReadSpec> = {}): Promise<unknown[]> {
  const names = (await folder.columns(name)).filter(column => column !== '$row')
  const batches = await folder.batches(name, { ...range, names: [...names, '$row'] })
  return batches.flatMap(({ rows, malformed = [] }) =>
    rows.map((row, i) => [row, malformed.filter(({ row: at }) => at === i).map(({ row: _, ...rest }) => rest)]),
  )
}

/** What does not agree with reading the whole, where the file is read part by part. */
export async function splitDisagreements(folder: Folder, name: string, parts: number): Promise<string[]> {
  const whole = await numbered(folder, name)
  const ends = (await folder.batches(name, { batchRows: 1 })).map(({ cursor }) => inspect(cursor))
  const splits = (await folder.splits(name, parts)).map(stored)
  const wrong = splits.filter(cursor => !ends.includes(inspect(cursor))).map(cursor => `no end: ${inspect(cursor)}`)
  const pieces: unknown[] = []
  for (let i = 0; i <= splits.length; i++) {
    const [after, until] = [splits[i - 1], splits[i]]
    const piece = await numbered(folder, name, {
      ...(after === undefined ? {} : { after }),
      ...(until === undefined ? {} : { until }),
    })
    if (piece.length === 0 && i < splits.length) wrong.push(`nothing up to ${inspect(until)}`)
    pieces.push(...piece)
  }
  if (!isDeepStrictEqual(pieces, whole)) wrong.push(`the parts are ${inspect(pieces, false, 5)}`)
  return wrong
}
