import type { Database, Session } from '../core/connector.js'

/** Gives the rows of a source: its session, or a retry in its place. */
export type Reader = Pick<Session, 'read'>

/** Gives that in which a source of the plan is read. */
export type OpenSource = (source: string) => Promise<Reader>

/** One reading session for each source that a chunk needs, each with one stable view, opened when it is needed. */
export class ReadingSessions {
  readonly #database: (source: string) => Database | Promise<Database>
  readonly #open = new Map<string, Promise<Session>>()

  constructor(database: (source: string) => Database | Promise<Database>) {
    this.#database = database
  }

  /** The session of a source, always the same. */
  readonly get = (source: string): Promise<Session> => {
    let session = this.#open.get(source)
    if (session === undefined) {
      session = this.#begin(source)
      this.#open.set(source, session)
    }
    return session
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()]
    this.#open.clear()
    for (const opening of all) {
      const session = await opening.catch(() => undefined)
      await session?.rollback()
      await session?.close()
    }
  }

  async #begin(source: string): Promise<Session> {
    const database = await this.#database(source)
    const session = await database.session({ readOnly: true })
    try {
      await session.begin()
      return session
    } catch (error) {
      await session.close()
      throw error
    }
  }
}
