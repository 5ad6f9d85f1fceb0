import type { Context, ObjectContext } from '@restatedev/restate-sdk'
import type { Task } from '../port.js'
import type { TaskHost } from './deliver.js'
import type { Sdk } from './driver.js'
import { LIMIT } from './names.js'
import { SOON } from './retry.js'
import { send } from './send.js'

/** Who was ended by force gives nothing back: while others wait, those who are at the source are looked at so often. */
const LOOK_MS = 10_000

/** Of one invocation of a task. */
interface Wish {
  readonly holder: string
  /** Completed when its turn has come. */
  readonly turn: string
  readonly limit: number
}

type State = { held: string[]; waiting: Wish[]; looking: boolean }

/**
 * A limit is an object of Restate, which handles one call of it at a time. A place at the source belongs to the invocation,
 * not to the worker that has it: when that dies, the next worker goes on with the place.
 *
 * @param unfinished those of some invocations that are not over
 */
export function limitObject(sdk: Sdk, unfinished: (invocations: readonly string[]) => Promise<readonly string[]>) {
  const settle = async (ctx: ObjectContext<State>, held: string[], waiting: Wish[]): Promise<void> => {
    for (let [next] = waiting; next !== undefined && held.length < next.limit; [next] = waiting) {
      waiting.shift()
      held.push(next.holder)
      ctx.resolveAwakeable(next.turn)
    }
    ctx.set('held', held)
    ctx.set('waiting', waiting)
    if (waiting.length === 0 || (await ctx.get('looking'))) return
    ctx.set('looking', true)
    send(sdk, ctx, { service: LIMIT, key: ctx.key, method: 'look', delay: LOOK_MS })
  }
  const now = async (ctx: ObjectContext<State>): Promise<[held: string[], waiting: Wish[]]> => [
    (await ctx.get('held')) ?? [],
    (await ctx.get('waiting')) ?? [],
  ]
  return sdk.object({
    name: LIMIT,
    handlers: {
      take: async (ctx: ObjectContext<State>, wish: Wish) => {
        const [held, waiting] = await now(ctx)
        await settle(ctx, held, [...waiting, wish])
      },
      give: async (ctx: ObjectContext<State>, holder: string) => {
        const [held, waiting] = await now(ctx)
        await settle(
          ctx,
          held.filter(other => other !== holder),
          waiting.filter(wish => wish.holder !== holder),
        )
      },
      look: async (ctx: ObjectContext<State>) => {
        const [held, waiting] = await now(ctx)
        const all = [...held, ...waiting.map(({ holder }) => holder)]
        const alive = new Set(await ctx.run('look', () => unfinished(all)))
        ctx.clear('looking')
        await settle(
          ctx,
          held.filter(holder => alive.has(holder)),
          waiting.filter(({ holder }) => alive.has(holder)),
        )
      },
    },
    options: { journalRetention: 0, retryPolicy: SOON },
  })
}

/** Does the work as soon as every limit has room, and gives the places back when the task is over. */
export async function within<T>(
  { sdk, turns }: TaskHost,
  ctx: Context,
  limits: Task['limits'],
  work: () => Promise<T>,
): Promise<T> {
  // In one order for all, so that nobody waits for who waits for him.
  const all = Object.entries(limits ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  const holder = ctx.request().id
  const giveBack = (): void => {
    for (const [key] of all) send(sdk, ctx, { service: LIMIT, key, method: 'give', parameter: holder })
  }
  try {
    for (const [key, limit] of all) {
      const { id: turn, promise } = ctx.awakeable<void>()
      send(sdk, ctx, { service: LIMIT, key, method: 'take', parameter: { holder, turn, limit } })
      await turns.wait(promise, ctx.request().attemptCompletedSignal)
    }
    const result = await work()
    giveBack()
    return result
  } catch (error) {
    // Of what is delivered again the places are kept.
    if (error instanceof sdk.TerminalError) giveBack()
    throw error
  }
}
