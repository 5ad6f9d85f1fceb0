import type { Cell } from './engines.js'
import { type EntityModel, imageRow } from './entities.js'
import type { Random } from './random.js'

/** Two members of a union into a table without a key: of equal words the first in read order stays, or only a mark is kept. */
export function merged(random: Random, name: string): EntityModel {
  const size = random.int(40, 400)
  const dedupe = random.chance(0.6)
  const rows = Array.from({ length: size }, (_, i): Cell[] => [
    i + 1,
    `w${random.int(1, Math.ceil(size * 0.9))}`,
    random.int(0, 1),
  ])
  const seen = new Set<Cell>()
  const kept = [0, 1]
    .flatMap(member => rows.filter(row => row[2] === member))
    .filter(([, word = null]) => {
      if (dedupe && seen.has(word)) return false
      seen.add(word)
      return true
    })
  const added = Array.from({ length: random.int(5, 80) }, (_, i): Cell[] => [
    size + 1 + i,
    `v${random.int(1, 20)}`,
    random.int(0, 1),
  ])
  const image = ([id = null, word = null]: Cell[]): string => imageRow([id, word], [])
  const member = (number: number): string => `{ as: m${number}, table: s_${name}, where: "g = ${number}" }`
  return {
    name,
    keyless: true,
    source: { name: `s_${name}`, columns: { id: 'integer primary key', w: 'key not null', g: 'integer' }, rows },
    target: { name: `t_${name}`, columns: { id: 'integer not null', w: 'key not null' }, rows: [] },
    yaml: [
      `from: { union: [${member(0)}, ${member(1)}] }`,
      `to: t_${name}`,
      'on_error: quarantine',
      `batch_size: ${random.int(10, 90)}`,
      dedupe ? 'dedupe: { by: w }' : 'incremental: { column: id }',
      'rest: ignore',
      'fields: { id: id, w: w }',
    ],
    image: `select id, w from t_${name}`,
    decimals: [],
    expected: kept.map(image),
    counts: { read: size, written: kept.length, skipped: 0, filtered: 0, deduped: size - kept.length, quarantined: 0 },
    ...(dedupe
      ? {}
      : {
          changed: () => ({
            sql: added.map(([id, word, g]) => `insert into s_${name} values (${id}, '${word}', ${g})`),
            expected: [...kept, ...added].map(image),
            counts: { read: added.length, written: added.length, skipped: 0, filtered: 0, quarantined: 0 },
          }),
        }),
  }
}
