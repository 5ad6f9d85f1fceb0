import type { Link } from './references.js'

export interface Ordered {
  /** Each after those that it refers to. */
  readonly names: readonly string[]
  /** Columns to be filled in a second pass, by entity. */
  readonly defer: ReadonlyMap<string, readonly string[]>
}

/** An order in which every row finds what it refers to; where there is none, nullable columns wait for a second pass. */
export function orderOf(names: readonly string[], links: ReadonlyMap<string, readonly Link[]>): Ordered {
  const defer = new Map<string, string[]>()
  const deferred = (name: string, { target }: Link): boolean => defer.get(name)?.includes(target) === true
  const put = (name: string, link: Link): void => {
    if (!deferred(name, link)) defer.set(name, [...(defer.get(name) ?? []), link.target])
  }
  for (const name of names)
    for (const link of links.get(name) ?? []) if (link.entity === name && link.nullable) put(name, link)
  const done: string[] = []
  let left = [...names]
  while (left.length > 0) {
    const waits = (name: string): Link[] =>
      (links.get(name) ?? []).filter(
        link => link.entity !== name && left.includes(link.entity) && !deferred(name, link),
      )
    const ready = left.filter(name => waits(name).length === 0)
    if (ready.length === 0) {
      // Whoever waits for the fewest, by columns that can wait, breaks the cycle.
      const free = left.filter(name => waits(name).every(({ nullable }) => nullable))
      const [first] = free.sort((a, b) => waits(a).length - waits(b).length)
      const name = first ?? (left[0] as string)
      for (const link of waits(name)) if (link.nullable) put(name, link)
      ready.push(name)
    }
    const [next] = ready as [string]
    done.push(next)
    left = left.filter(name => name !== next)
  }
  return { names: done, defer }
}
