import { connectorNamed } from '../connectors/registry.js'
import type { ConnectionConfig, WriteSpec } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Value } from '../core/row.js'
import type { FunctionContext } from '../core/transform.js'
import type { Pipeline } from '../load/pipeline.js'
import type { EntityPlan, ProgramPlan, ReadPlan } from '../plan/plan.js'
import type { Resolvers } from '../plan/resolve.js'
import { compileRowProgram } from '../plan/row-program.js'
import type { RowPolicy } from '../spec/model.js'
import { type CanonicalSpec, canonicalEncoder } from './canonical-rows.js'
import { openDuplicates } from './duplicates.js'
import type { PreparedBatch } from './prepared-batch.js'
import { produce } from './produce.js'
import type { OpenSource } from './reading-sessions.js'
import { marker } from './row-marks.js'

/** Everything reading and transforming a chunk takes, as plain data: it may be done in this thread or in another. */
export interface ProduceJob {
  readonly read: ReadPlan
  readonly program: ProgramPlan
  readonly write: WriteSpec
  /** The `target` block; its connector's encoder is used. */
  readonly target: ConnectionConfig
  /** Rows are to be compared, not written. */
  readonly canonical?: CanonicalSpec
  readonly environment: {
    readonly context: FunctionContext
    readonly constants: Readonly<Record<string, Value>>
    readonly nulInText: boolean
    readonly emptyIsNull: boolean
    readonly looseSource: boolean
    readonly entityPolicy: RowPolicy
    readonly reference: boolean
  }
  readonly batchRows: number
  readonly dedupe?: EntityPlan['dedupe']
  /** A folder for what memory does not hold; absent: the system's. */
  readonly scratch?: string
  readonly limit?: number
  readonly after?: string
  readonly until?: string
  readonly firstBatch: number
  readonly keepValues: boolean
  readonly keepKeys: boolean
  readonly keepRows: boolean
  /** Indexes into the written columns: batches bring these values along. */
  readonly targetKey: readonly number[]
  /** What marks of the written rows are made of; absent: batches bring none along. */
  readonly marks?: CanonicalSpec
  readonly findBy: readonly string[]
  readonly leaveOut: ReadonlySet<string>
}

/** Where another thread finds the source; never leaves this process. */
export interface SourceAddress {
  readonly config: ConnectionConfig
  readonly baseDir: string
  readonly applicationName: string
  /** The snapshot to join. */
  readonly snapshot?: string
}

/** Does the job in this thread. */
export async function* produceHere(
  job: ProduceJob,
  open: OpenSource,
  resolvers: Resolvers,
  signal: AbortSignal,
  now: () => number,
): AsyncGenerator<PreparedBatch, void, void> {
  const connector = connectorNamed(job.target.type)
  if (connector === undefined) throw new EtlError('E901', `no connector ${job.target.type}`)
  const env = { ...job.environment, resolvers }
  const duplicates = await openDuplicates(open, job, env, signal)
  try {
    const program = compileRowProgram(job.program, job.read, duplicates === undefined ? env : { ...env, duplicates })
    yield* produce(open, {
      ...job,
      policy: job.environment.entityPolicy,
      program,
      marksOf: job.marks === undefined ? undefined : marker(job.marks),
      encoder: job.canonical === undefined ? connector.encoder(job.write, job.target) : canonicalEncoder(job.canonical),
      signal,
      now,
    })
  } finally {
    duplicates?.close()
  }
}

export function addressOf({ spec, baseDir }: Pipeline, source: string): SourceAddress {
  const config = source === '$target' ? spec.target : spec.sources[source]
  if (config === undefined) throw new Error(`the file has no source ${source}`)
  return { config, baseDir, applicationName: `etl ${spec.name}` }
}
