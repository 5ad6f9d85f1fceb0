import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Cluster } from './cluster.js'

const ROWS = 250_000

/** All read the same rows. */
const ENTITIES = {
  plain: { range: 3, table: 'id int primary key, parent int', entity: 'chunks: { rows: 100000 },' },
  merged: { range: 2, table: 'id int primary key, parent int', entity: 'load: upsert, chunks: 2,' },
  numbered: { range: 1, table: 'no serial primary key, id int, parent int', entity: '' },
  packed: { range: 1, table: 'id int primary key, parent int', entity: 'chunks: 4,' },
}

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start('pg-boss')
}, 180_000)
afterAll(() => cluster?.stop())

test('workers take a large file in as many ranges as are asked for, else in one', { timeout: 300_000 }, async () => {
  const entities = Object.entries(ENTITIES)
  const text = `id,parent\n${Array.from({ length: ROWS }, (_, i) => `${100_000 + i},${100_000 + (i >> 1)}\n`).join('')}`
  cluster.write('in.csv', text)
  writeFileSync(join(cluster.dir, 'in.csv.gz'), gzipSync(text))
  cluster.write(
    'files.yaml',
    `
version: 1
name: files
sources: { f: { type: csv } }
target: { type: postgres, url: "\${DST_URL}" }
engine: { shared: true }
backup: false
undo: false
entities:
${entities
  .map(([name, { entity }]) => {
    const file = name === 'packed' ? 'in.csv.gz' : 'in.csv'
    return `  ${name}: { from: { file: ${file} }, to: ${name}, ${entity} fields: { id: id, parent: parent } }`
  })
  .join('\n')}
`,
  )
  for (const [name, { table }] of entities) await cluster.target(`create table ${name} (${table})`)
  await cluster.worker('--concurrency', '4')
  await cluster.worker('--concurrency', '4')
  const run = await cluster.etl('run', 'files.yaml', '--yes')
  expect(run.code, run.stderr).toBe(0)
  const chunks = await cluster.target(
    `select entity, count(*)::int from etl_chunk where pass = 'load' and state = 'done' group by 1`,
  )
  expect(Object.fromEntries(chunks)).toEqual(Object.fromEntries(entities.map(([name, { range }]) => [name, range])))
  for (const [name] of entities) {
    expect(await cluster.target(`select count(*)::int, count(distinct id)::int, max(id) from ${name}`), name).toEqual([
      [ROWS, ROWS, 100_000 + ROWS - 1],
    ])
  }
  expect(await cluster.target('select count(*)::int from numbered where no <> id - 99999')).toEqual([[0]])
})
