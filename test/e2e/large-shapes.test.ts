import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { resultOf, startEtl, Workspace } from '../support/etl.js'

const schemas: TestSchema[] = []
afterAll(() => Promise.all(schemas.map(schema => schema.drop())))

describe('a table of 1,600 columns, as many as PostgreSQL has', () => {
  const COLUMNS = 1600
  const ROWS = 5
  const names = Array.from({ length: COLUMNS }, (_, i) => (i === 0 ? 'id' : `c${i + 1}`))
  const isText = (i: number): boolean => i % 3 === 2
  const table = (text: string): string =>
    `create table wide (${names.map((name, i) => `${name} ${isText(i) ? text : 'integer'}${i === 0 ? ' not null primary key' : ''}`).join(', ')})`
  const cell = (row: number, column: number, generation: number): number | string =>
    column === 0
      ? row
      : isText(column)
        ? `${'abc'[generation]}${String((row * 31 + column) % 100).padStart(2, '0')}`
        : (generation * 100 + row) * 10_000 + column
  const rowsOf = (generation: number): (number | string)[][] =>
    Array.from({ length: ROWS }, (_, r) => names.map((_, column) => cell(r + 1, column, generation)))

  async function loadAll(
    target: string,
    loads: readonly string[],
    place: Workspace,
    exec: (sql: string) => unknown,
    rows: () => Promise<unknown[][]>,
  ) {
    const write = (load: string): void =>
      place.write(
        'pipeline.yaml',
        `version: 1
name: wide
sources: { old: { type: sqlite, path: source.sqlite } }
target: ${target}
entities:
  wide: { from: wide, to: wide, load: ${load}, rest: copy }
`,
      )
    place.source(table('text'))
    await exec(table('varchar(3)'))
    const values = (row: readonly (number | string)[]): string =>
      `(${row.map(v => (typeof v === 'number' ? v : `'${v}'`))})`
    // Inserted by the first run, updated by the second.
    for (const [generation, load] of loads.entries()) {
      write(load)
      place.source(`delete from wide; insert into wide values ${rowsOf(generation).map(values)}`)
      const planned = await place.etl('plan', 'pipeline.yaml', '--json')
      expect(planned.code, planned.stderr).toBe(0)
      const result = await place.run('--json')
      expect(result.code, result.stderr).toBe(0)
      expect(resultOf(result.stdout).counts).toMatchObject({
        read: ROWS,
        written: ROWS,
        ...(generation === 0 ? { inserted: ROWS, updated: 0 } : { inserted: 0, updated: ROWS }),
      })
      expect(await rows()).toEqual(rowsOf(generation))
    }
  }

  test('to SQLite', async () => {
    const place = new Workspace()
    await loadAll(
      '{ type: sqlite, path: target.sqlite }',
      ['upsert', 'upsert'],
      place,
      sql => place.target(sql),
      async () => place.rows('select * from wide order by id'),
    )
  })

  test('to PostgreSQL', async () => {
    const schema = await postgres.create('wide')
    schemas.push(schema)
    const typed = (row: unknown[]): unknown[] => row.map((value, i) => (isText(i) ? value : Number(value)))
    await loadAll(
      `{ type: postgres, url: "${String(schema.config.url)}" }`,
      // To update it would take a column more, in the table that a batch is copied into first.
      ['insert'],
      new Workspace(),
      sql => schema.exec(sql),
      async () => (await schema.rows('select * from wide order by id')).map(typed),
    )
  })
})

describe('a file of 2,000 entities', () => {
  const ENTITIES = 2000
  const MOST_MIB = 400
  /** Of a second, in which Linux tells what a process used. */
  const TICKS = 100

  test('checked, planned and run in bounded time and memory, every row in its own table', {
    timeout: 300_000,
  }, async () => {
    const place = new Workspace()
    const ids = Array.from({ length: ENTITIES }, (_, i) => i)
    const create = (i: number): string => `create table t${i} (id integer primary key not null, v text);`
    place.source(
      `begin; ${ids.map(i => `${create(i)} insert into t${i} values (1, 'a${i}'), (2, 'b${i}');`).join('\n')} commit`,
    )
    place.target(`begin; ${ids.map(create).join('\n')} commit`)
    const entities = ids.map(i => `  e${i}: { from: t${i}, to: t${i}, rest: copy }`)
    place.write(
      'pipeline.yaml',
      `version: 1
name: many
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities:
${entities.join('\n')}
`,
    )
    const validated = await measured(place, 'validate', 'pipeline.yaml')
    expect(validated.stdout).toBe('✔ pipeline.yaml is valid: 2,000 entities\n')
    // Several times what they need: what grows with the square needs more still. Of the processor, since the disk may be slow.
    expect(validated.cpu).toBeLessThan(10)
    const planned = await measured(place, 'plan', 'pipeline.yaml')
    expect(planned.stdout).toContain('e1999')
    expect(planned.cpu).toBeLessThan(20)
    const run = await measured(place, 'run', 'pipeline.yaml', '--yes', '--json')
    expect(run.cpu).toBeLessThan(90)
    const { counts, entities: done } = resultOf(run.stdout)
    expect(counts).toMatchObject({ read: 2 * ENTITIES, written: 2 * ENTITIES, inserted: 2 * ENTITIES })
    expect(new Set(done.map(({ state }) => state))).toEqual(new Set(['done']))
    expect(done.map(({ name }) => name)).toEqual(ids.map(i => `e${i}`))
    for (const i of ids) {
      if (i % 100 !== 0 && i !== ENTITIES - 1) continue
      expect(place.rows(`select id, v from t${i} order by id`)).toEqual([
        [1, `a${i}`],
        [2, `b${i}`],
      ])
    }
    expect(
      place.rows('select count(*), sum(rows_read), count(distinct entity) from etl_batch where rows_read > 0'),
    ).toEqual([[ENTITIES, 2 * ENTITIES, ENTITIES]])
    for (const { mib } of [validated, planned, run]) expect(mib).toBeLessThan(MOST_MIB)
    console.log(
      `2,000 entities: ${Object.entries({ validated, planned, run })
        .map(
          ([name, { seconds, cpu, mib }]) =>
            `${name} in ${seconds.toFixed(1)} s, ${cpu.toFixed(1)} s of CPU, ${mib} MiB`,
        )
        .join('; ')}`,
    )
  })

  async function measured(place: Workspace, ...args: string[]) {
    const began = performance.now()
    const { child, result } = startEtl(args, { cwd: place.dir })
    let mib = 0
    let cpu = 0
    const look = setInterval(() => {
      mib = Math.max(mib, Number(/^VmHWM:\s+(\d+) kB$/m.exec(processFile(child.pid, 'status'))?.[1] ?? 0) / 1024)
      const [user, system] = processFile(child.pid, 'stat').split(') ').at(-1)?.split(' ').slice(11, 13) ?? []
      cpu = Math.max(cpu, (Number(user ?? 0) + Number(system ?? 0)) / TICKS)
    }, 50)
    const ended = await result
    clearInterval(look)
    expect(ended.code, ended.stderr).toBe(0)
    expect(Math.min(mib, cpu)).toBeGreaterThan(0)
    return { stdout: ended.stdout, seconds: (performance.now() - began) / 1000, cpu, mib: Math.round(mib) }
  }
})

/** Empty for a process that has ended. */
function processFile(pid: number | undefined, name: 'stat' | 'status'): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return ''
  }
}
