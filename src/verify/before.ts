import { join } from 'node:path'
import { formatTable } from '../core/catalog.js'
import type { Value } from '../core/row.js'
import type { Pipeline } from '../load/pipeline.js'
import { compilePlan } from '../plan/compile.js'
import { openDatabases } from '../plan/open.js'
import type { EntityPlan, Plan } from '../plan/plan.js'
import { databaseNamed } from '../run/context.js'
import type { Counts } from '../run/events.js'
import { Ledger } from '../run/ledger.js'
import { beginSession, ReadingSessions } from '../run/reading-sessions.js'
import { startRun } from '../run/runner.js'
import { Sessions } from '../run/sessions.js'
import { slices } from '../run/source-slices.js'
import { keepBefore } from './before-file.js'

export interface BeforeOptions {
  readonly entities?: readonly string[]
  readonly exclude?: readonly string[]
  /** The first rows of each source are told, which may be personal data. Default false. */
  readonly showValues?: boolean
  /** Default `<folder of the file>/.etl/<pipeline>`. */
  readonly stateDir?: string
}

export interface BeforeReport {
  readonly pipeline: string
  readonly entities: readonly EntityBefore[]
}

export interface EntityBefore {
  readonly name: string
  readonly table: string
  /** What a run would do with the rows of the source, by a dry run. `written` rows are expected in the target. */
  readonly counts: Counts
  readonly rejects: readonly {
    readonly code: string
    readonly field?: string
    readonly message: string
    readonly rows: number
  }[]
  /** Rows of the target now; absent where the table is missing, or is a file. */
  readonly target?: number
  /** Source columns with few values that fields are made from: how often each value is there, and what a map makes of it. */
  readonly breakdown: readonly {
    readonly column: string
    readonly to: string
    readonly values: readonly {
      readonly value: string | null
      readonly becomes?: string | null
      readonly rows: number
    }[]
  }[]
  /** The first rows of the source, only with `showValues`. */
  readonly sample?: readonly Readonly<Record<string, string | null>>[]
}

/** A column with more values than this is told nothing of. */
const FEW = 20
const SAMPLE_ROWS = 5

/**
 * What there is before a run, and what it would do: source rows, expected target rows, how often each value of columns with
 * few values occurs, what the target holds. Writes nothing but the target's counts into the folder of the state, where the
 * verification after the run finds them.
 */
export async function verifyBefore(pipeline: Pipeline, options: BeforeOptions = {}): Promise<BeforeReport> {
  const { spec, baseDir } = pipeline
  const stateDir = options.stateDir ?? join(baseDir, '.etl', spec.name)
  const chosen = {
    ...(options.entities === undefined ? {} : { entities: options.entities }),
    ...(options.exclude === undefined ? {} : { exclude: options.exclude }),
  }
  const dry = await (await startRun(pipeline, { ...chosen, dryRun: true, stateDir })).result
  if (dry.error !== undefined) throw dry.error
  const tables = await countTargets(pipeline, stateDir, chosen)
  const databases = await openDatabases(pipeline, { readOnly: true, applicationName: `etl ${spec.name} verify` })
  const sessions = new ReadingSessions(name => beginSession(databaseNamed(databases, name), undefined))
  try {
    const plan = await compilePlan(pipeline, databases, { ...chosen, mayResume: true })
    const entities: EntityBefore[] = []
    for (const entity of plan.entities) {
      const result = dry.entities.find(({ name }) => name === entity.name)
      if (result === undefined) continue
      const table = formatTable(entity.write.table)
      const target = tables[table]
      const { breakdown, sample } = await lookAt(entity, sessions)
      entities.push({
        name: entity.name,
        table,
        counts: result.counts,
        rejects: result.rejects,
        ...(target === undefined ? {} : { target }),
        breakdown,
        ...(options.showValues === true ? { sample } : {}),
      })
    }
    return { pipeline: spec.name, entities }
  } finally {
    await sessions.close()
    await databases.close()
  }
}

/** Counts what the target's tables hold, and keeps it for the verification after the run that comes next. */
export async function countTargets(
  pipeline: Pipeline,
  stateDir: string,
  chosen: { readonly entities?: readonly string[]; readonly exclude?: readonly string[] },
): Promise<Readonly<Record<string, number>>> {
  const { spec } = pipeline
  const databases = await openDatabases(pipeline, { readOnly: true, applicationName: `etl ${spec.name} verify` })
  const { target } = databases
  const targets = new Sessions(target, () => target.session({ readOnly: true }))
  try {
    if (target.connector.capabilities.files === true) return {}
    const plan: Plan = await compilePlan(pipeline, databases, { ...chosen, mayResume: true })
    const tables: Record<string, number> = {}
    for (const { write } of plan.entities) {
      const name = formatTable(write.table)
      if (tables[name] !== undefined) continue
      tables[name] = write.create ? 0 : await targets.ask(session => session.count({ from: { table: write.table } }))
    }
    const ledger = spec.ledger === false ? undefined : new Ledger(target, spec.ledger.schema)
    if (ledger === undefined) return tables
    const runs = (await ledger.exists()) ? await targets.ask(session => ledger.runs.all(session, spec.name)) : []
    await keepBefore(stateDir, runs.at(-1)?.runId, tables)
    return tables
  } finally {
    await targets.close()
    await databases.close()
  }
}

async function lookAt(
  { read, program }: EntityPlan,
  sessions: ReadingSessions,
): Promise<{ breakdown: EntityBefore['breakdown']; sample: NonNullable<EntityBefore['sample']> }> {
  const fields = program.fields.filter(
    ({ input }) =>
      input.kind === 'columns' && input.indexes.length === 1 && (input.indexes[0] ?? 0) < read.columns.length,
  )
  const tallies = new Map<number, Map<string | null, number>>()
  for (const { input } of fields) if (input.kind === 'columns') tallies.set(input.indexes[0] ?? 0, new Map())
  const sample: Record<string, string | null>[] = []
  const options = { rows: 1000, bytes: 1 << 24 }
  for await (const { rows } of slices(sessions.get, read, options, new AbortController().signal)) {
    for (const row of rows) {
      if (sample.length < SAMPLE_ROWS)
        sample.push(Object.fromEntries(read.columns.map(({ name }, i) => [name, shown(row[i] ?? null)])))
      for (const [index, tally] of tallies) {
        const value = shown(row[index] ?? null)
        tally.set(value, (tally.get(value) ?? 0) + 1)
        if (tally.size > FEW) tallies.delete(index)
      }
    }
    if (tallies.size === 0 && sample.length === SAMPLE_ROWS) break
  }
  const breakdown = fields.flatMap(({ input, map, target }) => {
    const index = input.kind === 'columns' ? (input.indexes[0] ?? 0) : 0
    const tally = tallies.get(index)
    // A column in which no value is there twice says nothing.
    if (tally === undefined || [...tally.values()].every(count => count === 1)) return []
    const entries = new Map(map?.entries)
    const values = [...tally].map(([value, rows]) => ({
      value,
      ...(map === undefined || value === null
        ? {}
        : { becomes: entries.has(value) ? String(entries.get(value)) : null }),
      rows,
    }))
    values.sort((a, b) => b.rows - a.rows)
    return [{ column: read.columns[index]?.name ?? '', to: target, values }]
  })
  return { breakdown, sample }
}

function shown(value: Value): string | null {
  return value === null ? null : Buffer.isBuffer(value) ? `${value.length} bytes` : String(value)
}
