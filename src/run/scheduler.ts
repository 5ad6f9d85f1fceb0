import { EtlError } from '../core/errors.js'
import type { Control } from './control.js'
import type { EntityRun } from './entity.js'

interface Task {
  readonly run: EntityRun
  readonly pass: 'load' | 'defer'
  /** Entities whose first pass must be over. */
  readonly needs: readonly string[]
}

export interface ScheduleOptions {
  readonly concurrency: number
  readonly control: Control
  /** Called when an entity has ended: done, failed, or stopped before its end. */
  readonly ended: (run: EntityRun, error: unknown) => void
}

/**
 * Runs entities as soon as what they need is done, at most `concurrency` at a time, in plan order where there is a choice.
 * A failed entity stops those that need it; the others go on. Resolves when nothing is left to do.
 */
export async function schedule(runs: readonly EntityRun[], options: ScheduleOptions): Promise<void> {
  const { control } = options
  const known = new Set(runs.map(run => run.plan.name))
  const waiting: Task[] = runs.map(run => ({
    run,
    pass: 'load',
    needs: run.plan.after.filter(name => known.has(name)),
  }))
  const loaded = new Set<string>()
  const failed = new Set<string>()
  const working = new Set<Promise<void>>()

  const step = async (task: Task): Promise<void> => {
    const { run } = task
    try {
      const done = await (task.pass === 'load' ? run.load() : run.defer())
      if (!done) {
        run.state = 'stopped'
        options.ended(run, undefined)
        return
      }
      if (task.pass === 'load') loaded.add(run.plan.name)
      if (task.pass === 'load' && run.plan.deferred !== undefined) {
        const refs = run.plan.deferred.program.fields.flatMap(field =>
          field.ref === undefined ? [] : [field.ref.entity],
        )
        waiting.push({ run, pass: 'defer', needs: [...new Set(refs)].filter(name => known.has(name)) })
        return
      }
      run.state = 'done'
      options.ended(run, undefined)
    } catch (error) {
      const stopped =
        control.signal.aborted && !(error instanceof EtlError && !['transient', 'interrupted'].includes(error.kind))
      run.state = stopped ? 'stopped' : 'failed'
      failed.add(run.plan.name)
      options.ended(run, stopped ? undefined : error)
    }
  }

  for (;;) {
    await control.gate()
    for (let i = 0; i < waiting.length; ) {
      const task = waiting[i] as Task
      const lost = task.needs.find(name => failed.has(name))
      if (lost !== undefined || control.signal.aborted) {
        waiting.splice(i, 1)
        if (lost !== undefined) failed.add(task.run.plan.name)
        task.run.state = 'stopped'
        options.ended(
          task.run,
          lost === undefined
            ? undefined
            : new EtlError('E515', `not started: ${lost} did not finish`, { where: task.run.plan.name }),
        )
        i = 0
        continue
      }
      if (working.size >= options.concurrency || !task.needs.every(name => loaded.has(name))) {
        i++
        continue
      }
      waiting.splice(i, 1)
      const promise: Promise<void> = step(task).finally(() => working.delete(promise))
      working.add(promise)
    }
    if (working.size === 0) return
    await Promise.race(working)
  }
}
