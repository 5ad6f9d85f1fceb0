import { join } from 'node:path'
import type { Database } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Pipeline } from '../load/pipeline.js'
import { compilePlan } from '../plan/compile.js'
import { diffFingerprints } from '../plan/fingerprint.js'
import { type Databases, openDatabases } from '../plan/open.js'
import type { Plan } from '../plan/plan.js'
import { Control } from '../run/control.js'
import { Ledger } from '../run/ledger.js'
import { addressOf, type SourceAddress } from '../run/produce-job.js'
import { Resolvers } from '../run/resolvers.js'
import type { RunRow } from '../run/run-ledger.js'
import { Sessions } from '../run/sessions.js'
import { SourceSnapshots } from '../run/source-snapshots.js'
import { Windows } from '../run/windows.js'
import type { VerifyOptions, VerifySettings } from './api.js'

/** What every part of a verification works with: connections of its own, opened read-only. */
export interface VerifyContext {
  readonly pipeline: Pipeline
  readonly plan: Plan
  /** The run that is verified; undefined where the ledger is switched off. */
  readonly run: RunRow | undefined
  /** Runs that have loaded rows which that one rejected. */
  readonly retries: readonly string[]
  /** Runs that came after it, and may have changed what it wrote. */
  readonly later: readonly string[]
  readonly runId: string
  readonly startedAt: string
  readonly logic: 'compiled'
  readonly ledger: Ledger | undefined
  readonly databases: Databases
  readonly sources: ReadonlyMap<string, Database>
  readonly target: Database
  readonly targets: Sessions
  readonly snapshots: SourceSnapshots
  readonly resolvers: Resolvers
  readonly windows: Windows
  readonly settings: VerifySettings
  readonly stateDir: string
  readonly signal: AbortSignal
  readonly warnings: string[]
  readonly address: (source: string) => SourceAddress
  readonly tell: (message: string) => void
  readonly now: () => number
  close(): Promise<void>
}

export async function openContext(pipeline: Pipeline, options: VerifyOptions): Promise<VerifyContext> {
  const { spec } = pipeline
  const databases = await openDatabases(pipeline, { readOnly: true, applicationName: `etl ${spec.name} verify` })
  const { target, sources } = databases
  const targets = new Sessions(target, () => target.session({ readOnly: true }))
  const closing: (() => Promise<void>)[] = [() => targets.close(), () => databases.close()]
  try {
    const ledger = spec.ledger === false ? undefined : new Ledger(target, spec.ledger.schema)
    const found = ledger === undefined ? undefined : await findRun(pipeline, ledger, targets, options.run)
    if (ledger === undefined && options.run !== undefined)
      throw new EtlError('E520', 'the ledger is switched off: the target knows no runs', { kind: 'usage' })
    const run = found?.run
    const { entities, exclude } = run?.options ?? {}
    const plan = await compilePlan(pipeline, databases, {
      ...(entities === undefined ? {} : { entities }),
      ...(exclude === undefined ? {} : { exclude }),
      mayResume: true,
    })
    const snapshots = await SourceSnapshots.take(plan, databases, { concurrency: 1, kept: run?.snapshots ?? {} })
    closing.unshift(() => snapshots.close())
    const resolvers = new Resolvers({
      plan,
      sources,
      targets,
      ledger,
      dry: undefined,
      sessionsOf: (source, database) => new Sessions(database, () => snapshots.asking(source, database)),
    })
    closing.unshift(() => resolvers.close())
    const runId = run?.runId ?? ''
    const prepared = { plan, runId, epoch: 0, databases, snapshots, targets, ledger, limit: run?.options.limit }
    const nobody = { control: new Control(), emit: () => undefined, dryRun: false, warn: () => undefined }
    const changes = run === undefined ? [] : diffFingerprints(run.fingerprintParts, plan.fingerprintParts)
    return {
      pipeline,
      plan,
      run,
      retries: found?.retries ?? [],
      later: found?.later ?? [],
      runId,
      startedAt: run?.startedAt ?? new Date(Date.now()).toISOString(),
      logic: 'compiled',
      ledger,
      databases,
      sources,
      target,
      targets,
      snapshots,
      resolvers,
      windows: new Windows(prepared, nobody),
      settings: {
        level: options.level ?? (spec.verify.level === 'none' ? 'full' : spec.verify.level),
        sample: options.sample ?? spec.verify.sample,
        hashes: options.hashes ?? true,
        allow: spec.verify.allow,
        showValues: options.showValues ?? false,
      },
      stateDir: options.stateDir ?? join(pipeline.baseDir, '.etl', spec.name),
      signal: options.signal ?? new AbortController().signal,
      warnings: changes.map(change => `changed since the run: ${change}`),
      address: source => addressOf(pipeline, source),
      tell: options.onProgress ?? (() => undefined),
      now: Date.now,
      close: async () => {
        for (const close of closing.splice(0)) await close()
      },
    }
  } catch (error) {
    for (const close of closing) await close()
    throw error
  }
}

interface FoundRun {
  readonly run: RunRow
  readonly retries: readonly string[]
  readonly later: readonly string[]
}

/** The run of the id, else the newest one; of a retry the one whose rows it has loaded. */
async function findRun(
  { spec: { name } }: Pipeline,
  ledger: Ledger,
  targets: Sessions,
  id: string | undefined,
): Promise<FoundRun> {
  const all = (await ledger.exists()) ? await targets.ask(session => ledger.runs.all(session, name)) : []
  const begun = all.filter(({ state }) => state !== 'abandoned')
  const asked = id === undefined ? begun.at(-1) : all.find(({ runId }) => runId === id)
  const runId = asked?.options.retryOf ?? asked?.runId
  const run = runId === undefined ? undefined : await targets.ask(session => ledger.runs.findRun(session, runId))
  if (run === undefined) {
    throw new EtlError('E508', `${name} has no run${id === undefined ? '' : ` ${id}`} in this target`, {
      kind: 'usage',
      hint:
        id === undefined
          ? 'first run it: `etl run …`; or see what it would do: `etl verify --before`'
          : 'leave the id out for the newest run',
    })
  }
  if (run.state === 'undone' || run.state === 'undoing')
    throw new EtlError('E525', `run ${run.runId} was undone: there is nothing to verify`, { kind: 'usage' })
  if (run.state !== 'completed') {
    throw new EtlError('E504', `run ${run.runId} is ${run.state}: only a finished run can be verified`, {
      kind: 'usage',
      hint: 'go on with it: `etl run … --resume`',
    })
  }
  const after = begun.slice(begun.findIndex(one => one.runId === run.runId) + 1)
  const retries = after.filter(({ options }) => options.retryOf === run.runId).map(one => one.runId)
  return { run, retries, later: after.map(one => one.runId).filter(one => !retries.includes(one)) }
}
