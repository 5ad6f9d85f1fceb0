import type { Cell } from './engines.js'
import { type CountsModel, type EntityModel, some } from './entities.js'
import type { Random } from './random.js'

interface Line {
  readonly id: number
  readonly seq: number
  readonly amount: string
}

/** Read by a counter that grows with each change: a second run reads what changed, and of ties the marked rows once more. */
export function changing(random: Random, name: string): EntityModel {
  const upsert = random.chance(0.5)
  const size = random.int(40, 400)
  const last = random.int(Math.ceil(size / 3), size)
  const amount = (): string => (random.chance(0.03) ? 'x' : (random.int(1, 99_999) / 100).toFixed(2))
  const line = (id: number, seq: number): Line => ({ id, seq, amount: amount() })
  const first = Array.from({ length: size }, (_, i) => line(i + 1, random.int(1, last)))
  const mark = Math.max(...first.map(({ seq }) => seq))
  const bad = first.filter(isBad)
  const mended = some(random, bad).map(({ id, seq }): Line => ({ id, seq, amount: '5.00' }))
  const batchSize = random.int(7, 60)
  const added = Array.from({ length: random.int(5, 120) }, (_, i) => line(size + 1 + i, mark + random.int(1, 20)))
  // Of a table that is only added to, no row changes.
  const updated = upsert ? some(random, first).map(({ id }) => line(id, mark + random.int(1, 20))) : []
  const mendedRows = target(first, mended)

  return {
    name,
    keyless: !upsert,
    source: {
      name: `s_${name}`,
      columns: { id: 'integer primary key', seq: 'integer not null', n: 'text' },
      rows: first.map(({ id, seq, amount }): Cell[] => [id, seq, amount]),
    },
    target: {
      name: `t_${name}`,
      columns: { id: upsert ? 'integer not null primary key' : 'integer not null', n: 'decimal(12,2)' },
      rows: [],
    },
    yaml: [
      `from: s_${name}`,
      `to: t_${name}`,
      `load: ${upsert ? 'upsert' : 'insert'}`,
      'incremental: { column: seq }',
      'on_error: quarantine',
      `batch_size: ${batchSize}`,
      ...(random.chance(0.3) ? [`chunks: ${random.int(2, 3)}`] : []),
      'rest: ignore',
      'fields: { id: id, n: n }',
    ],
    image: `select id, n from t_${name}`,
    decimals: [1],
    expected: texts(target(first, [])),
    counts: countsOf(first),
    ...(bad.length === 0
      ? {}
      : {
          mended: {
            sql: mended.map(({ id }) => `update s_${name} set n = '5.00' where id = ${id}`),
            expected: texts(mendedRows),
            closed: mended.length,
            written: mended.length,
          },
        }),
    changed: afterRetry => {
      const source = new Map((afterRetry ? [...first, ...mended] : first).map(row => [row.id, row]))
      for (const row of [...updated, ...added]) source.set(row.id, row)
      const read = [...source.values()].filter(({ seq }) => (upsert ? seq >= mark : seq > mark))
      const before = afterRetry ? mendedRows : target(first, [])
      return {
        sql: [
          ...updated.map(
            ({ id, seq, amount }) => `update s_${name} set seq = ${seq}, n = '${amount}' where id = ${id}`,
          ),
          ...added.map(({ id, seq, amount }) => `insert into s_${name} values (${id}, ${seq}, '${amount}')`),
        ],
        expected: texts(new Map([...before, ...target(read, [])])),
        counts: countsOf(read),
      }
    },
  }
}

function isBad({ amount }: Line): boolean {
  return amount === 'x'
}

/** The good rows, later ones over earlier ones. */
function target(...rows: readonly (readonly Line[])[]): ReadonlyMap<number, string> {
  return new Map(
    rows
      .flat()
      .filter(row => !isBad(row))
      .map(({ id, amount }) => [id, `${id}|${amount}`]),
  )
}

function texts(rows: ReadonlyMap<number, string>): readonly string[] {
  return [...rows.values()]
}

function countsOf(read: readonly Line[]): CountsModel {
  const quarantined = read.filter(isBad).length
  return { read: read.length, written: read.length - quarantined, skipped: 0, filtered: 0, quarantined }
}
