import { join } from 'node:path'
import type { SubmittedRun } from '../cluster/submit.js'
import { EtlError } from '../core/errors.js'
import type { JobOptions, JobResult } from '../job/api.js'
import type { Pipeline } from '../load/pipeline.js'
import { progressMode } from '../ui/theme.js'
import { withEngine } from './engine-options.js'
import type { OutputOptions } from './io.js'
import type { PipelineOptions } from './options.js'
import { openProgress } from './progress.js'
import { Signals, type StopSignal } from './signals.js'
import type { Terminal } from './terminal.js'

export interface FollowFlags extends OutputOptions {
  readonly detach?: boolean
  readonly progress?: 'auto' | 'tty' | 'plain' | 'none'
  readonly logFile?: string
}

/** Hands a run to workers, and follows it. Undefined where this process leaves before it ends. */
export async function runElsewhere(
  url: string,
  pipeline: Pipeline,
  options: JobOptions,
  flags: FollowFlags & PipelineOptions,
  terminal: Terminal,
): Promise<JobResult | undefined> {
  const { refuseUnsuited, submitRun } = await import('../index.js')
  refuseUnsuited(pipeline, options)
  return withEngine(url, terminal, pipeline.secrets, async engine => {
    const { profile, var: vars } = flags
    const run = await submitRun(engine, pipeline, options, {
      folder: terminal.io.cwd,
      ...(profile === undefined ? {} : { profile }),
      ...(vars === undefined ? {} : { vars }),
    })
    return followed(run, flags, terminal)
  })
}

/** Shows what goes on in the hands of workers. A signal ends the watching, not the run. */
export async function followed(
  run: SubmittedRun,
  flags: FollowFlags,
  terminal: Terminal,
): Promise<JobResult | undefined> {
  const { io } = terminal
  if (flags.detach === true) {
    terminal.out(
      flags.json === true ? `${JSON.stringify({ type: 'submitted', runId: run.runId })}\n` : `${run.runId}\n`,
    )
    return undefined
  }
  const leave = new AbortController()
  const stop = (cause: StopSignal | 'stop'): void => leave.abort(cause)
  const signals = new Signals({ stop, exit: code => process.exit(code) })
  // Who reads the next line may send a signal.
  signals.listen()
  if (flags.quiet !== true) terminal.err(`run ${run.runId} is handed over to workers\n`)
  const controls = {
    pause: () => undefined,
    unpause: () => undefined,
    stop: () => stop('stop'),
    interrupt: () => signals.onSignal('SIGINT'),
  }
  const mode = progressMode(
    flags.progress ?? (flags.json === true ? 'none' : 'auto'),
    io.env,
    io.stderr.isTTY,
    flags.quiet === true,
  )
  const shown = {
    mode,
    json: flags.json === true,
    controls,
    runDir: (runId: string) => join(io.cwd, '.etl', runId),
    ...(flags.logFile === undefined ? {} : { logFile: flags.logFile }),
  }
  const progress = await openProgress(shown, terminal)
  try {
    return await run.follow(progress.onEvent, leave.signal)
  } catch (error) {
    if (!leave.signal.aborted) throw error
    throw new EtlError('E515', `run ${run.runId} goes on without this process`, {
      kind: 'interrupted',
      cause: leave.signal.reason,
      hint: `etl status ${run.runId}; or stop it: etl cancel ${run.runId}`,
    })
  } finally {
    signals.unlisten()
    progress.close()
  }
}
