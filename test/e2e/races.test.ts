import { expect, test } from 'vitest'
import { resultOf, Workspace } from '../support/etl.js'

const RACES = 40
const ROWS = 400

test(`of two runs that are started together one loads the target, ${RACES} times`, { timeout: 300_000 }, async () => {
  const place = new Workspace()
  place.source(`create table T (ID integer primary key, V text);
    with recursive n (i) as (select 1 union all select i + 1 from n where i < ${ROWS})
    insert into T select i, 'row ' || i from n`)
  // The key tells one who comes when all is over; no batch of two runs at once would get past it unseen.
  place.target('create table t (id integer not null primary key, v text)')
  const told: Record<string, number> = {}
  for (let race = 1; race <= RACES; race++) {
    const name = `race_${race}`
    place.target('delete from t')
    place.write(
      'pipeline.yaml',
      `version: 1
name: ${name}
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities:
  t: { from: T, to: t, batch_size: 100, fields: { id: ID, v: V } }
`,
    )
    const both = await Promise.all([place.run('--json'), place.run('--json')])
    const results = both.map(({ code, stdout }) => ({ code, result: resultOf(stdout) }))
    const winners = results.filter(({ code }) => code === 0)
    const output = both.map(({ stdout, stderr }) => `${stdout}${stderr}`).join('\n')
    expect(winners, output).toHaveLength(1)
    expect(winners[0]?.result.counts).toMatchObject({ read: ROWS, written: ROWS, inserted: ROWS })
    const loser = results.find(({ code }) => code !== 0)
    const code = loser?.result.error?.code ?? 'none'
    told[code] = (told[code] ?? 0) + 1
    // Refused while the other one runs, or it finds what that one has loaded.
    expect(['E503', 'E529'], output).toContain(code)
    expect(place.rows('select count(*), count(distinct id), sum(id) from t')).toEqual([
      [ROWS, ROWS, (ROWS * (ROWS + 1)) / 2],
    ])
    expect(place.rows(`select run_id from etl_run where pipeline = '${name}' and state = 'completed'`)).toEqual([
      [winners[0]?.result.runId],
    ])
    expect(
      place.rows(`select sum(b.inserted) from etl_batch b join etl_run r using (run_id) where pipeline = '${name}'`),
    ).toEqual([[ROWS]])
  }
  expect(Object.values(told).reduce((sum, n) => sum + n, 0)).toBe(RACES)
  console.log(`of ${RACES} races the losers were told ${JSON.stringify(told)}`)
})
