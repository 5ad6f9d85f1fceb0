import type { ConnectionConfig, Database } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Pipeline } from '../load/pipeline.js'
import { checkAccess } from '../plan/check.js'
import { openPlaced } from '../plan/open.js'
import { Ledger } from '../run/ledger.js'
import { LEDGER_FORMAT } from '../run/ledger-tables.js'
import { type Finding, failedFinding } from './finding.js'

/** Clocks that differ by less are right enough. */
const CLOCK_MS = 2000

interface Place {
  readonly where: string
  readonly config: ConnectionConfig
  database?: Database
}

/** Each database of the pipeline by itself, then what it needs of all together. Nothing is written. */
export async function checkPipelineDatabases(pipeline: Pipeline, now: () => number): Promise<readonly Finding[]> {
  const { spec } = pipeline
  const places: Place[] = [
    ...Object.entries(spec.sources).map(([name, config]) => ({ where: `source ${name}`, config })),
    { where: 'target', config: spec.target },
  ]
  const findings: Finding[] = []
  try {
    for (const place of places) findings.push(...(await checkPlace(place, pipeline, now)))
    const target = places.at(-1)?.database
    if (target !== undefined) findings.push(...(await checkTarget(target, pipeline)))
    findings.push(...(await checkTogether(places, pipeline)))
  } finally {
    for (const { database } of places) await database?.close()
  }
  return findings
}

async function checkPlace(place: Place, { spec, baseDir }: Pipeline, now: () => number): Promise<Finding[]> {
  const { where, config } = place
  const isTarget = where === 'target'
  let database: Database
  try {
    const applicationName = `etl ${spec.name} doctor`
    database = await openPlaced(config, where, { readOnly: true, baseDir, applicationName, create: isTarget })
    place.database = database
  } catch (error) {
    return [failedFinding(where, 'connection', error)]
  }
  const findings: Finding[] = [{ where, what: 'connection', state: 'ok', detail: database.identity.label }]
  try {
    const before = now()
    const facts = await database.facts?.()
    if (facts === undefined) return findings
    const after = now()
    if (facts.now !== undefined) findings.push(clockFinding(where, facts.now - (before + after) / 2))
    if (facts.timeZone !== undefined) {
      const detail = `${facts.timeZone}; a run reads and writes in UTC whatever it is`
      findings.push({ where, what: 'time zone', state: 'ok', detail })
    }
    if (isTarget) {
      const { bulk, bulkHint } = facts
      const state = bulkHint === undefined ? 'ok' : 'warning'
      const hint = bulkHint === undefined ? {} : { hint: bulkHint }
      findings.push({ where, what: 'bulk path', state, detail: bulk, ...hint })
    }
  } catch (error) {
    findings.push(failedFinding(where, 'server', error))
  }
  return findings
}

function clockFinding(where: string, difference: number): Finding {
  const what = 'clock'
  if (Math.abs(difference) < CLOCK_MS) return { where, what, state: 'ok', detail: 'agrees with this machine' }
  const seconds = (Math.abs(difference) / 1000).toFixed(0)
  const detail = `${seconds} s ${difference > 0 ? 'ahead of' : 'behind'} this machine`
  return { where, what, state: 'warning', detail, hint: 'let both take their time from a time server (NTP)' }
}

async function checkTarget(database: Database, { spec }: Pipeline): Promise<Finding[]> {
  const findings: Finding[] = []
  const { ledger } = spec
  if (ledger === false) {
    const detail = 'switched off: after a failure rows may come twice, and no run can be resumed exactly or undone'
    const hint = 'remove `ledger: false` from the file'
    findings.push({ where: 'target', what: 'ledger', state: 'warning', detail, hint })
  } else findings.push(await checkLedger(database, ledger.schema, spec.name))
  const copy = await database.nativeCopy?.()
  if (copy === undefined) return findings
  const what = 'backup'
  if (!('unavailable' in copy)) return [...findings, { where: 'target', what, state: 'ok', detail: copy.tool }]
  const detail = `${copy.unavailable}: backups save rows alone`
  const hint = 'install the client programs in the version of the server'
  return [...findings, { where: 'target', what, state: 'warning', detail, hint }]
}

async function checkLedger(database: Database, schema: string | undefined, pipeline: string): Promise<Finding> {
  const [where, what] = ['target', 'ledger']
  try {
    const ledger = new Ledger(database, schema)
    const right = await ledger.missingCreateRight()
    if (right !== undefined)
      return { where, what, state: 'failed', detail: right.message, code: 'E311', hint: right.hint }
    if (!(await ledger.exists())) return { where, what, state: 'ok', detail: 'not there yet; the first run makes it' }
    const session = await database.session({ readOnly: true })
    try {
      const format = (await ledger.format(session)) ?? LEDGER_FORMAT
      if (format > LEDGER_FORMAT) {
        const detail = `format ${format}, and this version knows ${LEDGER_FORMAT}`
        return { where, what, state: 'failed', detail, code: 'E508', hint: 'npm install etl-runner@latest' }
      }
      const last = await ledger.runs.latestRun(session, pipeline)
      const state = last === undefined ? `no run of ${pipeline} yet` : `last run ${last.runId}: ${last.state}`
      return { where, what, state: 'ok', detail: `format ${format}, ${state}` }
    } finally {
      await session.close()
    }
  } catch (error) {
    return failedFinding(where, what, error)
  }
}

/** Tables, columns and rights, where all databases can be asked. */
async function checkTogether(places: readonly Place[], pipeline: Pipeline): Promise<Finding[]> {
  const opened = places.flatMap(({ where, database }) => (database === undefined ? [] : [[where, database] as const]))
  const target = opened.find(([where]) => where === 'target')?.[1]
  if (target === undefined || opened.length < places.length) return []
  const sources = new Map(
    opened.filter(([where]) => where !== 'target').map(([where, each]) => [where.replace(/^source /, ''), each]),
  )
  try {
    const { items } = await checkAccess(pipeline, { sources, target })
    const failed = items.filter(item => !item.ok)
    if (failed.length === 0) {
      const detail = `${items.length} points, all as the pipeline needs them`
      return [{ where: 'pipeline', what: 'tables, columns, rights', state: 'ok', detail }]
    }
    return failed.map(({ where, what, detail = 'failed', code, hint }) => ({
      where: 'pipeline',
      what: `${where}: ${what}`,
      state: 'failed',
      detail,
      ...(code === undefined ? {} : { code }),
      hint: hint ?? (code === undefined ? 'see `etl check`' : `see \`etl explain ${code}\``),
    }))
  } catch (error) {
    if (error instanceof EtlError) return [failedFinding('pipeline', 'tables, columns, rights', error)]
    throw error
  }
}
