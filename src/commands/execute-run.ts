import { join } from 'node:path'
import { ChecksFailed, withoutKeys } from '../checks/result.js'
import { exitCodeOf } from '../core/errors.js'
import { asEtlError } from '../core/unforeseen.js'
import { TOOL_VERSION } from '../core/version.js'
import type { JobHandle, JobOptions, JobResult } from '../job/api.js'
import type { Pipeline } from '../load/pipeline.js'
import type { RetryOptions } from '../run/retry-run.js'
import type { Controls } from '../ui/app.js'
import { checksText } from '../ui/checks-text.js'
import { errorText } from '../ui/error-text.js'
import { errorJson, resultLine } from '../ui/json.js'
import { previewText } from '../ui/preview.js'
import { summaryText } from '../ui/summary.js'
import { progressMode, UNICODE } from '../ui/theme.js'
import { verifyText } from '../ui/verify-text.js'
import { confirm, dangersOf } from './confirm.js'
import { runElsewhere } from './elsewhere.js'
import { engineUrl, neededEngineUrl } from './engine-options.js'
import type { OutputOptions } from './io.js'
import { openPipeline } from './open-pipeline.js'
import { openProgress } from './progress.js'
import { type RunFlags, runOptionsOf } from './run-options.js'
import { followPlan } from './saved-plan.js'
import { selectionOf } from './selection.js'
import { Signals } from './signals.js'
import type { Terminal } from './terminal.js'

/** `etl run`: everything behind its flags. */
export function runPipeline(file: string | undefined, flags: RunFlags, terminal: Terminal): Promise<number> {
  return withResult(flags, terminal, () => execute(file, flags, terminal))
}

/** With `--json` the last line on stdout is a result even where no run began. */
export function withResult(flags: OutputOptions, terminal: Terminal, work: () => Promise<number>): Promise<number> {
  return terminal.perform(async () => {
    try {
      return await work()
    } catch (error) {
      const document = {
        type: 'result',
        status: 'failed',
        exitCode: exitCodeOf(error),
        error: errorJson(asEtlError(error)),
        ...(error instanceof ChecksFailed
          ? { checks: { ...error.checks, outcomes: withoutKeys(error.checks.outcomes) } }
          : {}),
      }
      if (flags.json === true) terminal.out(`${JSON.stringify(document)}\n`)
      else if (error instanceof ChecksFailed && flags.quiet !== true)
        terminal.out(checksText(error.checks, terminal.outTheme))
      throw error
    }
  })
}

/** `etl quarantine retry`: a run like any other, of rejected rows alone. */
export function retryRun(
  file: string | undefined,
  retry: RetryOptions,
  flags: RunFlags,
  terminal: Terminal,
): Promise<number> {
  return withResult(flags, terminal, async () => {
    const options = { ...runOptionsOf(flags, terminal.io), retry }
    const pipeline = await openPipeline(file, flags, terminal)
    const result = await carryOut(pipeline, options, flags, terminal)
    return tellJob(result, pipeline.file, flags, terminal)
  })
}

async function execute(file: string | undefined, flags: RunFlags, terminal: Terminal): Promise<number> {
  const given = runOptionsOf(flags, terminal.io)
  const pipeline = await openPipeline(file, flags, terminal)
  const followed = flags.plan === undefined ? {} : followPlan(flags.plan, pipeline.spec.name, terminal.io.cwd)
  const options = { ...given, ...followed }
  if (flags.checkOnly === true) {
    const { check } = await import('./check.js')
    return check(pipeline, flags.json === true ? { json: true } : {}, terminal)
  }
  // A resumed run was confirmed when it began; a dry run writes nothing.
  if (flags.yes !== true && flags.dryRun !== true && flags.resume !== true && flags.takeOver !== true) {
    const { occupiedTargets, planPipeline } = await import('../index.js')
    const { whileStarting } = await import('../run/while-starting.js')
    const survey = async () => {
      const plan = await planPipeline(pipeline, { ...selectionOf(flags), ...entitiesOf(followed), mayResume: true })
      return { plan, dangers: dangersOf(plan, await occupiedTargets(pipeline, plan)) }
    }
    // Ctrl-c still ends the program at once.
    const { plan, dangers } = await whileStarting(survey, {
      signal: new AbortController().signal,
      emit: () => undefined,
    })
    if (dangers.length > 0) await confirm(plan, dangers, terminal)
  }
  // Where the variable is set for all, what only this process can do is done here.
  const url = flags.dryRun === true && flags.engine === undefined ? undefined : engineUrl(flags, terminal.io)
  if (flags.detach === true && url === undefined) neededEngineUrl(flags, terminal.io)
  const result = await (url === undefined
    ? carryOut(pipeline, options, flags, terminal)
    : runElsewhere(url, pipeline, options, flags, terminal))
  return tellJob(result, pipeline.file, flags, terminal)
}

/** @param result undefined where the run goes on without this process */
export function tellJob(
  result: JobResult | undefined,
  file: string | undefined,
  flags: OutputOptions,
  terminal: Terminal,
): number {
  if (result === undefined) return 0
  tellResult(result, file ?? '', flags, terminal)
  return result.exitCode
}

function entitiesOf({ entities }: JobOptions) {
  return entities === undefined ? {} : { entities }
}

/** Runs the pipeline under the eyes of whoever watches, with signals and keys wired to it. */
async function carryOut(
  pipeline: Pipeline,
  options: JobOptions,
  flags: RunFlags,
  terminal: Terminal,
): Promise<JobResult> {
  const { startRun } = await import('../index.js')
  const early = new AbortController()
  let handle: JobHandle | undefined
  let asked: 'SIGINT' | 'SIGTERM' | 'stop' | undefined
  const stop = (reason: 'SIGINT' | 'SIGTERM' | 'stop'): void => {
    asked ??= reason
    early.abort(reason)
    handle?.stop(reason)
  }
  const signals = new Signals({ stop, exit: code => process.exit(code) })
  const controls: Controls = {
    pause: () => handle?.pause(),
    unpause: () => handle?.unpause(),
    stop: () => stop('stop'),
    interrupt: () => signals.onSignal('SIGINT'),
  }
  const { io } = terminal
  const requested = flags.progress ?? (flags.json === true ? 'none' : 'auto')
  const mode = progressMode(requested, io.env, io.stderr.isTTY, flags.quiet === true)
  const progress = await openProgress(
    {
      mode,
      json: flags.json === true,
      controls,
      runDir: runId => join(pipeline.baseDir, '.etl', pipeline.spec.name, 'runs', runId),
      ...(flags.logFile === undefined ? {} : { logFile: flags.logFile }),
    },
    terminal,
  )
  signals.listen()
  try {
    const started = await startRun(pipeline, { ...options, onEvent: progress.onEvent, signal: early.signal })
    handle = started
    // Somebody may have asked to stop while the run was being set up.
    if (asked !== undefined) started.stop(asked)
    const result = await started.result
    await leavePage(result, terminal)
    if (result.error !== undefined) progress.log(`${result.error.code} ${result.error.message}`)
    progress.farewell(() =>
      summaryText(result, { theme: { color: false, symbols: UNICODE }, file: pipeline.file, cwd: io.cwd }),
    )
    return result
  } finally {
    signals.unlisten()
    progress.close()
  }
}

/** The page is for people: a run does not fail for want of it. */
async function leavePage({ runDir }: JobResult, terminal: Terminal): Promise<void> {
  if (runDir === undefined) return
  try {
    const { readRecord } = await import('../index.js')
    const record = await readRecord(runDir)
    const { writePage } = await import('../report/write-page.js')
    if (record !== undefined) await writePage(record, runDir)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    terminal.err(`${terminal.errTheme.symbols.warning} the page of the run cannot be written: ${reason}\n`)
  }
}

function tellResult(result: JobResult, file: string, flags: OutputOptions, terminal: Terminal): void {
  const { verification } = result
  if (flags.json === true) {
    terminal.out(`${resultLine(result)}\n`)
  } else if (flags.quiet !== true) {
    if (result.dryRun) terminal.out(`${previewText(result, terminal.outTheme)}\n`)
    const { cwd, stdout } = terminal.io
    const width = stdout.columns > 0 ? { width: stdout.columns } : {}
    terminal.out(summaryText(result, { theme: terminal.outTheme, file, cwd, ...width }))
    if (verification !== undefined) terminal.out(`\n${verifyText(verification, terminal.outTheme)}`)
  }
  if (result.error !== undefined && result.status === 'failed') {
    const { errTheme: theme, options } = terminal
    terminal.err(errorText(result.error, { theme, verbose: options.verbose === true, version: TOOL_VERSION }))
  }
}
