import Driver from 'better-sqlite3'

/** Runs SQL on an SQLite file, which is created where it is missing; foreign keys are enforced. */
export function sqliteExec(file: string, sql: string): void {
  withSqlite(file, db => db.exec(sql))
}

export function sqliteRows(file: string, sql: string, ...params: unknown[]): unknown[][] {
  return withSqlite(file, db =>
    db
      .prepare<unknown[], unknown[]>(sql)
      .raw(true)
      .all(...params),
  )
}

export function withSqlite<T>(file: string, work: (db: Driver.Database) => T): T {
  const db = new Driver(file, { timeout: 10_000 })
  try {
    db.pragma('foreign_keys = ON')
    return work(db)
  } finally {
    db.close()
  }
}

/** Of the library inside the driver. */
export function sqliteVersion(): string {
  return String(sqliteRows(':memory:', 'select sqlite_version()')[0]?.[0])
}
