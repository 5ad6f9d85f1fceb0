import type { Database, Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'

/** Gives the rows of a source: its session, or a retry in its place. */
export type Reader = Pick<Session, 'read'>

/** Gives that in which a source of the plan is read. */
export type OpenSource = (source: string) => Promise<Reader>

/** One reading session for each source that a chunk needs, each with one stable view, opened when it is needed. */
export class ReadingSessions {
  readonly #begin: (source: string) => Promise<Session>
  readonly #open = new Map<string, Promise<Session>>()
  #closed = false

  /** @param begin opens a session and begins its transaction */
  constructor(begin: (source: string) => Promise<Session>) {
    this.#begin = begin
  }

  /** The session of a source, always the same; after the end there is none: what is read ahead may still ask. */
  readonly get = async (source: string): Promise<Session> => {
    if (this.#closed) throw new EtlError('E515', 'reading was stopped', { kind: 'interrupted' })
    let session = this.#open.get(source)
    if (session === undefined) {
      session = this.#begin(source)
      this.#open.set(source, session)
    }
    return session
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.renew()
  }

  /** Ends all sessions; whoever asks next gets a new one. */
  async renew(): Promise<void> {
    const all = [...this.#open.values()]
    this.#open.clear()
    for (const opening of all) {
      const session = await opening.catch(() => undefined)
      await session?.rollback()
      await session?.close()
    }
  }
}

/** A reading session within its transaction. */
export async function beginSession(database: Database, snapshot: string | undefined): Promise<Session> {
  const session = await database.session({ readOnly: true, ...(snapshot === undefined ? {} : { snapshot }) })
  try {
    await session.begin()
    return session
  } catch (error) {
    await session.close()
    throw error
  }
}
