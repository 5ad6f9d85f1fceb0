import type { Database, Session } from '../core/connector.js'
import { failpoint } from '../core/failpoint.js'

/**
 * The sessions of one database, reused. A database with a single writer has one writing session, which also answers
 * questions: a second connection would have to wait for the first one's transaction, in the same thread.
 */
export class Sessions {
  readonly #database: Database
  readonly #idle: Session[] = []
  #writer: Promise<Session> | undefined
  #tail: Promise<unknown> = Promise.resolve()

  readonly #names = new Map<Session, string>()
  readonly #open: () => Promise<Session>
  /** Called when a session more has a name. */
  onNamed: () => void = () => {}

  constructor(database: Database, open: () => Promise<Session>) {
    this.#database = database
    this.#open = open
  }

  /** Sessions of a run in its target, whose names are kept; in a dry run they refuse to write. */
  static ofTarget(target: Database, readOnly: boolean): Sessions {
    const sessions: Sessions = new Sessions(target, async () => {
      const session = await target.session({ readOnly })
      const name = readOnly ? undefined : await session.id?.()
      if (name !== undefined) sessions.#names.set(session, name)
      if (name !== undefined) sessions.onNamed()
      return session
    })
    return sessions
  }

  /** The server's names of those that are open. */
  get names(): readonly string[] {
    return [...this.#names.values()]
  }

  get database(): Database {
    return this.#database
  }

  get #single(): boolean {
    return this.#database.connector.capabilities.singleWriter
  }

  /** Gives `work` a session for one transaction, alone on it; on an error the session is rolled back, a broken one is thrown away. */
  async write<T>(work: (session: Session) => Promise<T>): Promise<T> {
    if (!this.#single) return this.#withOwn(work)
    const turn = this.#tail.then(async () => work(await this.#one()))
    this.#tail = turn.catch(() => undefined)
    return turn
  }

  /** Gives `work` a session for reading what is committed. */
  async ask<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#single ? work(await this.#one()) : this.#withOwn(work)
  }

  #one(): Promise<Session> {
    if (this.#writer === undefined) {
      const opening = this.#open()
      this.#writer = opening
      // What failed once may be tried again.
      opening.catch(() => {
        if (this.#writer === opening) this.#writer = undefined
      })
    }
    return this.#writer
  }

  async #withOwn<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = this.#idle.pop() ?? (await this.#open())
    try {
      const result = await work(session)
      this.#idle.push(session)
      return result
    } catch (error) {
      this.#names.delete(session)
      await session.close()
      throw error
    }
  }

  async close(): Promise<void> {
    for (const session of this.#idle.splice(0)) await session.close()
    if (this.#writer !== undefined)
      await this.#writer.then(
        session => session.close(),
        () => undefined,
      )
    this.#writer = undefined
  }
}

/** Runs `work` in a transaction of the session: commit when it resolves, roll back when it throws. */
export async function transaction<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.begin()
  try {
    failpoint('after-begin')
    const result = await work()
    failpoint('before-commit')
    await session.commit()
    failpoint('after-commit')
    return result
  } catch (error) {
    await session.rollback()
    throw error
  }
}
