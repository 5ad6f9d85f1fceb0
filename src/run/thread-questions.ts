import { keyText, type Value } from '../core/row.js'
import type { RefPlan } from '../plan/plan.js'
import type { Resolver, Resolvers } from '../plan/resolve.js'
import { CachedResolver } from './cached-resolver.js'

/** What a thread asks for: keys of a look-up or of a ref. */
export interface Question {
  readonly id: number
  /** Which of the thread's resolvers asks. */
  readonly resolver: number
  readonly of: { readonly lookup: string } | { readonly ref: RefPlan }
  readonly keys: readonly (readonly Value[])[]
}

/** An answer for each key of the question, in their order. */
export interface Answer {
  readonly id: number
  readonly values: readonly (Value | undefined)[]
}

/** In the thread: the connections to ask are its parent's. */
export class AskingResolvers implements Resolvers {
  readonly #send: (question: Question) => void
  readonly #open = new Map<number, { resolve(values: Answer['values']): void; reject(error: Error): void }>()
  #last = 0
  #resolvers = 0

  constructor(send: (question: Question) => void) {
    this.#send = send
  }

  lookup(name: string): Resolver {
    return this.#resolver({ lookup: name })
  }

  ref(ref: RefPlan): Resolver {
    return this.#resolver({ ref })
  }

  answered({ id, values }: Answer): void {
    this.#open.get(id)?.resolve(values)
    this.#open.delete(id)
  }

  /** Nobody answers any more. */
  stop(): void {
    for (const { reject } of this.#open.values()) reject(new Error('stopped'))
    this.#open.clear()
  }

  #resolver(of: Question['of']): Resolver {
    const resolver = ++this.#resolvers
    return new CachedResolver(async keys => {
      const values = await new Promise<Answer['values']>((resolve, reject) => {
        this.#open.set(++this.#last, { resolve, reject })
        this.#send({ id: this.#last, resolver, of, keys })
      })
      const found = new Map<string, Value>()
      for (const [i, key] of keys.entries()) {
        const value = values[i]
        if (value !== undefined) found.set(keyText(key), buffered(value))
      }
      return found
    })
  }
}

/** In its parent: one resolver for each look-up and ref that a thread asks of. */
export function answering(resolvers: Resolvers): (question: Question) => Promise<Answer> {
  const known = new Map<number, Resolver>()
  return async ({ id, resolver: asks, of, keys }) => {
    const resolver = known.get(asks) ?? ('lookup' in of ? resolvers.lookup(of.lookup) : resolvers.ref(of.ref))
    known.set(asks, resolver)
    const wanted = keys.map(key => key.map(buffered))
    await resolver.prefetch(wanted)
    return { id, values: wanted.map(key => resolver.get(key)) }
  }
}

/** Bytes come over from a thread as plain arrays. */
export function buffered(value: Value): Value {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value
}
