import type { OwnFunction } from '../../core/own-function.js'

/** Where a function of one's own is, so that another thread can load it too. Plain data. */
export interface OwnAddress {
  /** As the plan names it: `./functions.mjs#plate@3fa9…`, with a hash of the code. */
  readonly key: string
  /** Absolute path. */
  readonly file: string
  /** SHA-256 of the file. */
  readonly hash: string
  readonly name: string
}

interface Loaded {
  readonly address: OwnAddress
  readonly fn: OwnFunction
}

/** Keys say what the code is, so functions of several pipelines do not get into each other's way. */
const loaded = new Map<string, Loaded>()

/** From now on functions and rules find it by its key. */
export function keepOwn(address: OwnAddress, fn: OwnFunction): void {
  loaded.set(address.key, { address, fn })
}

export function ownFunction(key: string): OwnFunction | undefined {
  return loaded.get(key)?.fn
}

/** All that were loaded, for another thread. */
export function ownAddresses(): OwnAddress[] {
  return [...loaded.values()].map(({ address }) => address)
}

/** `./functions.mjs#plate`, as the file says it. */
export function shownOwn(key: string): string {
  return key.replace(/@[0-9a-f]+$/, '')
}
