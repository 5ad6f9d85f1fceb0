import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { resultOf, type StartedEtl, startEtl, Workspace } from '../support/etl.js'
import { createOracle, type OracleSchema } from '../support/tns/test-database.js'

const ACCOUNTS = 300
const ENTRIES = 3_600
const KILLS = 3

const accountNo = (i: number): string => `A${String(i).padStart(4, '0')}`
const accountOf = (line: number): string => accountNo((line * 7919) % ACCOUNTS)
const centsOf = (line: number): number => (line * 37) % 100_000

/** What the target must hold, made without the program. */
const EXPECTED = Array.from({ length: ENTRIES }, (_, i) => {
  const line = i + 1
  return [line, accountOf(line), centsOf(line), line % 5 === 0 ? 'none' : `note ${line}`].join('|')
})

/** The same shape on both sides; one of them is Oracle. Nothing but the ledger keeps an entry from coming twice. */
const TABLES: Readonly<Record<'oracle' | 'postgres', readonly string[]>> = {
  oracle: [
    `create table "account" ("id" number(18) generated always as identity primary key, "no" varchar2(10) not null unique)`,
    `create table "entry" ("line" number(9) not null, "account_id" number(18) not null references "account" ("id"),
       "amount" number(12,2) not null, "note" varchar2(40))`,
    `create table "old_account" ("no" varchar2(10) not null primary key)`,
    `create table "old_entry" ("line" number(9) not null primary key, "account_no" varchar2(10) not null, "amount" number(12,2) not null, "note" varchar2(40))`,
  ],
  postgres: [
    `create table account (id bigint generated always as identity primary key, no text not null unique)`,
    `create table entry (line integer not null, account_id bigint not null references account (id),
       amount numeric(12,2) not null, note text)`,
    `create table old_account (no text not null primary key)`,
    `create table old_entry (line integer not null primary key, account_no text not null, amount numeric(12,2) not null, note text)`,
  ],
}

const IMAGE: Readonly<Record<'oracle' | 'postgres', string>> = {
  oracle: `select to_char(e."line"), a."no", to_char(e."amount" * 100), nvl(e."note", 'none') from "entry" e join "account" a on a."id" = e."account_id"`,
  postgres: `select e.line::text, a.no, (e.amount * 100)::integer, coalesce(e.note, 'none') from entry e join account a on a.id = e.account_id`,
}

const LOGIN = 'type: oracle, connect_string: "${ORACLE}", user: "${ORACLE_USER}", password: "${ORACLE_PASSWORD}"'

function pipeline(from: 'oracle' | 'postgres'): string {
  const oracle = `{ ${LOGIN} }`
  const server = '{ type: postgres, url: "${DATABASE_URL}" }'
  return `
version: 1
name: ledger
sources: { books: ${from === 'oracle' ? oracle : server} }
target: ${from === 'oracle' ? server : oracle}
defaults: { batch_size: 100, on_error: fail }
entities:
  entries:
    from: old_entry
    to: entry
    fields: { line: line, account_id: { from: account_no, ref: accounts }, amount: amount, note: note }
  accounts: { from: old_account, to: account, fields: { no: no } }
`
}

/** Resolves when the run has committed so many batches, or when it ended before. */
function batches(started: StartedEtl, count: number): Promise<unknown> {
  let seen = 0
  const reached = new Promise<void>(resolve => {
    started.child.stdout?.on('data', (text: string) => {
      seen += text.split('"type":"batch"').length - 1
      if (seen >= count) resolve()
    })
  })
  return Promise.race([reached, started.result])
}

for (const from of ['oracle', 'postgres'] as const) {
  const to = from === 'oracle' ? 'postgres' : 'oracle'
  describe(`${from} to ${to}`, () => {
    const place = new Workspace()
    let oracle: OracleSchema
    let server: TestSchema

    beforeAll(async () => {
      oracle = await createOracle('kill')
      server = await postgres.create('oracle_kill')
      await oracle.native(TABLES.oracle)
      for (const statement of TABLES.postgres) await server.exec(statement)
      place.write('pipeline.yaml', pipeline(from))
      const accounts = Array.from({ length: ACCOUNTS }, (_, i) => `'${accountNo(i)}'`)
      const entries = Array.from({ length: ENTRIES }, (_, i) => i + 1).map(
        n => `${n}, '${accountOf(n)}', ${centsOf(n) / 100}, ${n % 5 === 0 ? 'null' : `'note ${n}'`}`,
      )
      if (from === 'oracle')
        await oracle.native([...unionOf('"old_account"', accounts), ...unionOf('"old_entry"', entries)])
      else {
        await server.exec(`insert into old_account values ${accounts.map(row => `(${row})`).join(', ')}`)
        await server.exec(`insert into old_entry values ${entries.map(row => `(${row})`).join(', ')}`)
      }
    })
    afterAll(async () => {
      await Promise.all([oracle?.drop(), server?.drop()])
    })

    function start(...args: string[]): StartedEtl {
      return startEtl(['run', 'pipeline.yaml', '--yes', '--json', ...args], {
        cwd: place.dir,
        env: {
          DATABASE_URL: String(server.config.url),
          ORACLE: String(oracle.config.connect_string),
          ORACLE_USER: String(oracle.config.user),
          ORACLE_PASSWORD: String(oracle.config.password),
        },
      })
    }

    test(`kill -9 ${KILLS} times loses nothing and doubles nothing`, { timeout: 120_000 }, async () => {
      let kills = 0
      let resume = false
      let done: ReturnType<typeof resultOf> | undefined
      while (done === undefined) {
        const run = start(...(resume ? ['--resume'] : []))
        if (kills < KILLS) {
          await batches(run, 1 + kills * 4)
          run.child.kill('SIGKILL')
        }
        const result = await run.result
        if (result.signal === 'SIGKILL') {
          kills++
          resume = true
        } else if (result.stderr.startsWith('✖ E503')) {
          // The server has not noticed yet that the killed process is gone.
          await sleep(100)
        } else {
          expect(result.code, result.stderr).toBe(0)
          done = resultOf(result.stdout)
        }
      }
      expect(kills).toBe(KILLS)
      expect(done.status).toBe('ok')
      const rows = to === 'oracle' ? await oracle.select(IMAGE.oracle) : await server.rows(IMAGE.postgres)
      const have = rows.map(row => row.join('|'))
      const [found, wanted] = [new Set(have), new Set(EXPECTED)]
      expect({
        rows: have.length,
        missing: EXPECTED.filter(row => !found.has(row)).slice(0, 5),
        unexpected: have.filter(row => !wanted.has(row)).slice(0, 5),
      }).toEqual({ rows: ENTRIES, missing: [], unexpected: [] })
      const sums = `select "entity", sum("rows_read"), sum("inserted") from "etl_batch" where "pass" = 'load' group by "entity" order by "entity"`
      const ledger = to === 'oracle' ? await oracle.select(sums) : await server.rows(sums)
      expect(ledger.map(([entity, read, inserted]) => [entity, Number(read), Number(inserted)])).toEqual([
        ['accounts', ACCOUNTS, ACCOUNTS],
        ['entries', ENTRIES, ENTRIES],
      ])
    })
  })
}

/** Many rows by one statement of every release. */
function unionOf(table: string, rows: readonly string[]): string[] {
  const statements: string[] = []
  for (let at = 0; at < rows.length; at += 200) {
    const selects = rows.slice(at, at + 200).map(row => `select ${row} from dual`)
    statements.push(`insert into ${table} ${selects.join(' union all ')}`)
  }
  return statements
}
