import type { Database, Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { HookPlan } from '../plan/plan.js'
import type { RunContext } from './context.js'
import { runStep } from './steps.js'

/** `entity` is `$pipeline` for hooks around the run; `step` is `hook-before` or `hook-after`. */
export async function runHooks(
  context: RunContext,
  entity: string,
  step: string,
  hooks: readonly HookPlan[],
): Promise<void> {
  for (const [i, hook] of hooks.entries()) await runHook(context, entity, step, i, hook)
}

/** A hook runs once per run: on the target together with its mark in the ledger. A dry run leaves it out. */
async function runHook(
  context: RunContext,
  entity: string,
  step: string,
  index: number,
  hook: HookPlan,
): Promise<void> {
  const failed = (cause: unknown): EtlError =>
    new EtlError('E516', cause instanceof Error ? cause.message : String(cause), {
      cause,
      where: `${entity}, ${step} ${index + 1}`,
      hint: 'mend the SQL of the hook, then go on with `etl run … --resume`',
      ...(cause instanceof EtlError ? { kind: cause.kind === 'row' ? 'failed' : cause.kind } : {}),
    })
  const source = hook.on === 'target' ? undefined : context.sources.get(hook.on)
  const alone = async (database: Database): Promise<void> => {
    const own = await database.session({ readOnly: false })
    try {
      await own.execute(hook.sql)
    } finally {
      await own.close()
    }
  }
  const work = async (session: Session): Promise<void> => {
    try {
      await (source === undefined ? session.execute(hook.sql) : alone(source))
    } catch (cause) {
      throw failed(cause)
    }
  }
  if (hook.transaction) return await runStep(context, entity, step, index, work)
  await runStep(context, entity, step, index, undefined, () =>
    alone(source ?? context.target).catch(cause => Promise.reject(failed(cause))),
  )
}
