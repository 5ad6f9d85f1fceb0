import { EtlError } from '../core/errors.js'
import type { CheckpointRead } from './checkpoint.js'
import type { RunRow } from './run-ledger.js'

/** What the two memories say, before anything is written. */
export interface Memories {
  readonly pipeline: string
  readonly targetUid: string
  readonly file: CheckpointRead
  /** The pipeline's newest run in the target's ledger. */
  readonly run: RunRow | undefined
  /** The file's run as the ledger has it; undefined where it does not. */
  readonly fileRun: RunRow | undefined
  readonly resume: boolean
  readonly restart: boolean
}

export type Decision =
  | { readonly action: 'new'; readonly abandon?: RunRow }
  | {
      readonly action: 'resume'
      readonly run: RunRow
      readonly notes: readonly string[]
      /** Batches were committed before. */
      readonly begun: boolean
    }
  | { readonly action: 'complete'; readonly run: RunRow }

/** A run that can be gone on with. */
export function isUnfinished(run: RunRow): boolean {
  return !ENDED.has(run.state)
}

/**
 * Which run is to be run: the ledger in the target decides, the checkpoint file is held against it, and where they
 * cannot both be true the run is refused rather than guessed.
 */
export function decide(memories: Memories): Decision {
  const { run, resume, restart, file, fileRun, pipeline } = memories
  if (run?.state === 'undoing' || (run?.state === 'undone' && resume)) throw undone(run)
  const unfinished = run !== undefined && isUnfinished(run)
  if (!resume) {
    if (!unfinished) return { action: 'new' }
    // A retry settles each row on its own: what it did is done, the rest is as it was.
    if (run.options.retryOf !== undefined) return { action: 'new', abandon: run }
    if (restart) return { action: 'new', abandon: run }
    throw new EtlError(
      'E504',
      `run ${run.runId} of ${pipeline} (started ${run.startedAt}, ${run.state}) is not finished`,
      {
        hint: 'go on with it: `etl run … --resume`; or give it up and begin anew, keeping the rows it loaded: `--restart`',
      },
    )
  }
  if (file.kind === 'ok') {
    const { checkpoint } = file
    if (checkpoint.targetUid !== memories.targetUid) {
      throw new EtlError(
        'E509',
        `the checkpoint belongs to target ${checkpoint.targetUid}, this one is ${memories.targetUid}`,
        {
          kind: 'usage',
          hint: 'connect to the target of that run, or remove the checkpoint file to go by the ledger of this target alone',
        },
      )
    }
    if (fileRun === undefined) {
      throw new EtlError('E508', `run ${checkpoint.runId} of the checkpoint is not in the target's ledger`, {
        kind: 'usage',
        hint: 'the target was emptied or restored: begin anew with `etl run … --restart`',
      })
    }
    if (run !== undefined && fileRun.runId !== run.runId && unfinished && isUnfinished(fileRun)) {
      throw new EtlError(
        'E509',
        `the checkpoint is of run ${checkpoint.runId}, the ledger's unfinished run is ${run.runId}`,
        {
          kind: 'usage',
          hint: 'remove the checkpoint file to go by the ledger',
        },
      )
    }
  }
  if (run === undefined) {
    throw new EtlError('E505', `${pipeline} has no run to resume in this target`, {
      kind: 'usage',
      hint: 'begin one: `etl run …`',
    })
  }
  if (run.state === 'completed') return { action: 'complete', run }
  if (run.options.retryOf !== undefined) {
    throw new EtlError('E505', `${pipeline} has no unfinished run: the last one retried rejected rows`, {
      kind: 'usage',
      hint: `go on with that: \`etl quarantine retry … ${run.options.retryOf}\``,
    })
  }
  if (!unfinished)
    throw new EtlError('E505', `${pipeline} has no unfinished run`, { kind: 'usage', hint: 'begin one: `etl run …`' })
  const notes: string[] = []
  if (file.kind === 'damaged')
    notes.push(`checkpoint was damaged and is rebuilt from the ledger; the old one is kept as ${file.kept}`)
  // One that ends before it has written a checkpoint leaves the file as the run before it did.
  if (file.kind === 'ok' && fileRun?.runId !== run.runId)
    notes.push(`checkpoint is of run ${file.checkpoint.runId}, which has ended: the ledger decides`)
  if (file.kind === 'none') notes.push('checkpoint was missing and is rebuilt from the ledger')
  return { action: 'resume', run, notes, begun: true }
}

const ENDED: ReadonlySet<RunRow['state']> = new Set(['completed', 'abandoned', 'undone'])

function undone(run: RunRow): EtlError {
  const half = run.state === 'undoing'
  return new EtlError(
    'E525',
    `run ${run.runId} of ${run.pipeline} ${half ? 'is being taken back' : 'was taken back'}`,
    {
      kind: 'usage',
      hint: half
        ? `finish taking it back: \`etl undo ${run.runId}\`, then begin a new run: \`etl run …\``
        : 'begin a new run: `etl run …`',
    },
  )
}

/** The checkpoint where it is the run's own. */
export function fileOfRun(file: CheckpointRead, run: RunRow): CheckpointRead {
  return file.kind === 'ok' && file.checkpoint.runId !== run.runId ? { kind: 'none' } : file
}

/**
 * The file may be behind the ledger (it is written once a second), never ahead of it. One that is behind and of an earlier
 * attempt is a copy, or could not be written since: `stale`.
 *
 * @param ledger the last batch of each `entity:pass:chunk` that has any
 */
export function compareMarks(
  file: CheckpointRead,
  ledger: ReadonlyMap<string, number>,
  epoch: number,
): 'equal' | 'behind' | 'stale' {
  if (file.kind !== 'ok') return 'equal'
  const inFile = new Set<string>()
  let behind = false
  for (const [entity, marks] of Object.entries(file.checkpoint.entities)) {
    for (const mark of marks) {
      const key = `${entity}:${mark.pass}:${mark.chunk}`
      inFile.add(key)
      const batch = ledger.get(key) ?? 0
      if (mark.batch > batch) {
        throw new EtlError(
          'E507',
          `the checkpoint has batch ${mark.batch} of ${entity}, the target's ledger only ${batch}`,
          {
            kind: 'usage',
            where: entity,
            hint: 'the target was restored to an earlier state: remove the checkpoint file to go by the ledger',
          },
        )
      }
      if (mark.batch < batch) behind = true
    }
  }
  if (!behind && [...ledger.keys()].every(key => inFile.has(key))) return 'equal'
  return file.checkpoint.epoch < epoch ? 'stale' : 'behind'
}
