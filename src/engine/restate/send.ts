import type { Context, Duration, Serde } from '@restatedev/restate-sdk'
import type { Sdk } from './driver.js'

export interface Message {
  readonly service: string
  readonly key: string
  readonly method: string
  readonly parameter?: unknown
  /** Milliseconds, or what `Duration` says. */
  readonly delay?: Duration | number
}

/** Calls an object, now or later, and does not wait. */
export function send(sdk: Sdk, ctx: Context, { delay, parameter = null, ...call }: Message): void {
  const inputSerde = sdk.serde.json as Serde<unknown>
  ctx.genericSend({ ...call, parameter, inputSerde, ...(delay === undefined ? {} : { delay }) })
}
