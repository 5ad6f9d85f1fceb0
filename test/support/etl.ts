import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { quarantineFile } from '../../src/run/quarantine.js'
import { type EtlOptions, type EtlResult, type StartedEtl, startProcess } from './process.js'
import { sqliteExec, sqliteRows } from './sqlite.js'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const CLI = join(ROOT, 'dist/cli.js')

export { type EtlOptions, type EtlResult, type StartedEtl, startProcess } from './process.js'
export { sqliteExec, sqliteRows, sqliteVersion, withSqlite } from './sqlite.js'

/** Runs the built command line to its end. */
export function runEtl(args: readonly string[], options: EtlOptions): Promise<EtlResult> {
  return startEtl(args, options).result
}

export function startEtl(args: readonly string[], options: EtlOptions): StartedEtl {
  return startProcess(process.execPath, [CLI, ...args], options)
}

const folders: string[] = []
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A new folder, removed when the test file is done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'etl-e2e-'))
  folders.push(folder)
  return folder
}

/** A folder with `pipeline.yaml`, `source.sqlite` and `target.sqlite`, and the command line run in it. */
export class Workspace {
  readonly dir = temporaryFolder()

  path(...names: string[]): string {
    return join(this.dir, ...names)
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true })
    writeFileSync(this.path(name), text)
  }

  source(sql: string): void {
    sqliteExec(this.path('source.sqlite'), sql)
  }

  target(sql: string): void {
    sqliteExec(this.path('target.sqlite'), sql)
  }

  /** Rows of the target. */
  rows(sql: string, ...params: unknown[]): unknown[][] {
    return sqliteRows(this.path('target.sqlite'), sql, ...params)
  }

  /** `etl run pipeline.yaml --yes …` */
  run(...args: string[]): Promise<EtlResult> {
    return this.etl('run', 'pipeline.yaml', '--yes', ...args)
  }

  etl(...args: string[]): Promise<EtlResult> {
    return runEtl(args, { cwd: this.dir })
  }

  /** Folders of the runs that the pipeline had, oldest first. */
  runFolders(pipeline: string): string[] {
    const runs = this.path('.etl', pipeline, 'runs')
    return readdirSync(runs).map(run => join(runs, run))
  }

  /** All quarantined rows of an entity, over all runs. */
  quarantine(pipeline: string, entity: string): QuarantineLine[] {
    return this.runFolders(pipeline).flatMap(run => quarantineOf(run, entity))
  }
}

export interface QuarantineLine {
  readonly entity: string
  readonly pass: string
  readonly batch: number
  readonly row: number
  readonly key?: string
  readonly stage: string
  readonly field?: string
  readonly code: string
  readonly message: string
  readonly policy: string
  /** The key of the row that was kept in place of a duplicate. */
  readonly kept?: string
  readonly values?: Readonly<Record<string, unknown>>
}

export function quarantineOf(runDir: string, entity: string): QuarantineLine[] {
  return readFileSync(quarantineFile(runDir, entity), 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as QuarantineLine)
}

export interface ResultLine {
  readonly type: 'result'
  readonly runId?: string
  readonly status: string
  readonly exitCode: number
  readonly runDir?: string
  readonly consistency?: string
  readonly counts: Readonly<Record<string, number>>
  readonly entities: readonly {
    readonly name: string
    readonly state: string
    readonly counts: Readonly<Record<string, number>>
    readonly unresolved: number
    readonly rejects: readonly { code: string; field?: string; message: string; rows: number }[]
    readonly losses: readonly { field: string; rows: number }[]
    readonly substituted: readonly { field: string; rows: number }[]
  }[]
  readonly warnings: readonly string[]
  readonly retry?: { readonly of: string; readonly left: number }
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string }
}

/** The NDJSON of `run --json`. */
export function eventsOf(stdout: string): { readonly type: string; readonly [key: string]: unknown }[] {
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as { type: string })
}

/** The last line of `run --json`. */
export function resultOf(stdout: string): ResultLine {
  const last = eventsOf(stdout).at(-1)
  if (last?.type !== 'result') throw new Error(`the last line is no result: ${JSON.stringify(last)}`)
  return last as unknown as ResultLine
}

/** `read/written/skipped/filtered/quarantined` of every entity, for one comparison. */
export function countsOf(result: ResultLine): Record<string, string> {
  return Object.fromEntries(
    result.entities.map(({ name, counts: c }) => [
      name,
      `${c.read} read, ${c.written} written, ${c.skipped} skipped, ${c.filtered} filtered, ${c.quarantined} quarantined`,
    ]),
  )
}
