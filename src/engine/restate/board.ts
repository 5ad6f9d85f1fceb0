import type { ObjectContext } from '@restatedev/restate-sdk'
import type { Sdk } from './driver.js'
import { boardName } from './names.js'
import { SOON } from './retry.js'
import { send } from './send.js'

export const LINES_A_PAGE = 100

/** Runs are known for so long. */
export const KEEP = { days: 14 } as const

/** What Restate keeps of a run for who watches it: lines. */
export function boardObject(sdk: Sdk, label: string | undefined) {
  const service = boardName(label)
  return sdk.object({
    name: service,
    handlers: {
      tell: async (ctx: ObjectContext, lines: readonly string[]) => {
        let told = (await ctx.get<number>('told')) ?? 0
        if (told === 0) send(sdk, ctx, { service, key: ctx.key, method: 'forget', delay: KEEP })
        let rest = lines
        while (rest.length > 0) {
          const [page, full] = [`page/${Math.floor(told / LINES_A_PAGE)}`, told % LINES_A_PAGE]
          const more = rest.slice(0, LINES_A_PAGE - full)
          ctx.set(page, [...(full === 0 ? [] : ((await ctx.get<string[]>(page)) ?? [])), ...more])
          told += more.length
          rest = rest.slice(more.length)
        }
        ctx.set('told', told)
      },
      forget: async (ctx: ObjectContext) => ctx.clearAll(),
    },
    options: { enableLazyState: true, journalRetention: 0, retryPolicy: SOON },
  })
}
