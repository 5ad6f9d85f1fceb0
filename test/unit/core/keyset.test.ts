import Driver from 'better-sqlite3'
import { expect, test } from 'vitest'
import { dialect } from '../../../src/connectors/sqlite/dialect.js'
import { keysetPredicate } from '../../../src/core/sql.js'

type Position = readonly (number | null)[]

const db = new Driver(':memory:')
// `a` and `b` may be null although they are the key: SQLite lets that pass.
db.exec('create table t (a integer, b integer, v text, primary key (a, b))')
const values = [null, 1, 2, 3]
for (const a of values) for (const b of values) db.prepare('insert into t values (?, ?, ?)').run(a, b, `${a}/${b}`)

const columns = ['a', 'b'].map(sql => ({ sql, nullable: true, bind: (placeholder: string) => placeholder }))
const ordered = db.prepare('select v from t order by a, b').pluck().all()

function select(position: Position, inclusive: boolean): unknown[] {
  const { sql, params } = keysetPredicate(dialect, columns, position, 1, inclusive)
  return db
    .prepare(`select v from t where ${sql} order by a, b`)
    .pluck()
    .all(...params)
}

test('every position parts the rows in those before and those after, nulls included', () => {
  for (const a of values) {
    for (const b of values) {
      const at = ordered.indexOf(`${a}/${b}`) + 1
      expect(select([a, b], true), `up to ${a}/${b}`).toEqual(ordered.slice(0, at))
      expect(select([a, b], false), `after ${a}/${b}`).toEqual(ordered.slice(at))
    }
  }
})

test('going on after a key is one search in the index, by all of its columns', () => {
  const { sql, params } = keysetPredicate(dialect, columns, [2, 1], 1)
  const plan = db.prepare(`explain query plan select * from t where ${sql} order by a, b limit 64`).all(...params)
  expect(plan).toMatchObject([{ detail: 'SEARCH t USING INDEX sqlite_autoindex_t_1 ((a,b)>(?,?))' }])
})
