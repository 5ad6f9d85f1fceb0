import { EtlError } from '../../core/errors.js'

export type Sdk = typeof import('@restatedev/restate-sdk')

/** The version that is tested. */
export const RESTATE_SDK = '1.17.2'

export async function loadSdk(): Promise<Sdk> {
  providePromises()
  return import('@restatedev/restate-sdk').catch((cause: unknown) => {
    throw new EtlError('E310', 'the package that Restate calls workers by is not installed', {
      kind: 'usage',
      cause,
      hint: `npm install @restatedev/restate-sdk@${RESTATE_SDK}`,
    })
  })
}

/** The package needs what Node has from 22 on. */
function providePromises(): void {
  if ('withResolvers' in Promise) return
  Object.defineProperty(Promise, 'withResolvers', {
    configurable: true,
    writable: true,
    value: withResolvers,
  })
}

function withResolvers<T>() {
  let settle: Pick<PromiseWithResolvers<T>, 'resolve' | 'reject'> | undefined
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { promise, ...settle }
}

interface PromiseWithResolvers<T> {
  resolve(value: T | PromiseLike<T>): void
  reject(reason: unknown): void
}
