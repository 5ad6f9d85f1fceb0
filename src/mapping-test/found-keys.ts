import { EtlError } from '../core/errors.js'
import { keyText, type Value } from '../core/row.js'
import type { Databases } from '../plan/open.js'
import type { Plan } from '../plan/plan.js'
import { beginSession, ReadingSessions } from '../run/reading-sessions.js'
import { Resolvers } from '../run/resolvers.js'
import { Sessions } from '../run/sessions.js'
import { slices } from '../run/source-slices.js'
import { atPositions } from '../verify/keyed-reader.js'

/** Asks the databases what look-ups and refs find, with nothing loaded yet. */
export class FoundKeys {
  readonly #plan: Plan
  readonly #reading: ReadingSessions
  readonly #targets: Sessions
  readonly #lookups: Resolvers
  readonly #numbers = new Map<string, Map<string, number>>()

  constructor(plan: Plan, { sources, target }: Databases) {
    this.#plan = plan
    this.#targets = new Sessions(target, () => target.session({ readOnly: true }))
    this.#reading = new ReadingSessions(name => {
      const database = name === '$target' ? target : sources.get(name)
      if (database === undefined) throw new EtlError('E901', `no source ${name}`)
      return beginSession(database, undefined)
    })
    this.#lookups = new Resolvers({
      ...{ plan, sources, targets: this.#targets, ledger: undefined, dry: undefined },
      sessionsOf: (_name, database) => new Sessions(database, () => database.session({ readOnly: true })),
    })
  }

  get open() {
    return this.#reading.get
  }

  async lookup(name: string, key: readonly Value[]): Promise<Value | undefined> {
    const resolver = this.#lookups.lookup(name)
    await resolver.prefetch([key])
    return resolver.get(key)
  }

  /** The row that the entity reads gets a number in place of the key that a run would give it. */
  async ref(entity: string, key: readonly Value[]): Promise<Value | undefined> {
    const numbers = this.#numbers.get(entity) ?? new Map<string, number>()
    this.#numbers.set(entity, numbers)
    const text = keyText(key)
    const known = numbers.get(text)
    if (known !== undefined) return known
    if (!(await this.#isThere(entity, key))) return undefined
    numbers.set(text, numbers.size + 1)
    return numbers.size
  }

  async #isThere(name: string, key: readonly Value[]): Promise<boolean> {
    const read = this.#plan.entities.find(entity => entity.name === name)?.read
    if (read === undefined) return false
    const { from } = read
    const keyed = (from.kind === 'table' || from.kind === 'query') && read.order.length > 0
    // What cannot be asked by key is read through.
    const open = keyed ? async (source: string) => atPositions(await this.open(source), [key]) : this.open
    const wanted = keyText(key)
    const spec = keyed ? { ...read, order: read.key } : read
    for await (const { rows } of slices(open, spec, { rows: 1000, bytes: 1 << 24 }, new AbortController().signal))
      if (rows.some(row => keyText(read.key.map(index => row[index] ?? null)) === wanted)) return true
    return false
  }

  async close(): Promise<void> {
    await this.#reading.close()
    await this.#lookups.close()
    await this.#targets.close()
  }
}
