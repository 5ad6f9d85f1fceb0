import { join } from 'node:path'
import type { Random } from '../../support/random.js'
import { sqliteExec, sqliteRows } from '../../support/sqlite.js'
import { type Cell, clockText, digest, insertRows, numbers, sqlOf } from '../rows.js'
import type { Built, Place, System } from '../system.js'

const CAMERAS = ['NIKON Z 6', 'Canon EOS R5', 'SONY ILCE-7M4', null]

/** The photo application's old SQLite file, and its new one, which is empty. */
export const junmai: System = {
  name: 'junmai',
  claim: '10,000 rows in 5–10 s',
  build: async ({ dir, random, scale }: Place): Promise<Built> => {
    const [source, target] = [join(dir, 'junmai.db'), join(dir, 'junmai_v2.db')]
    sqliteExec(source, sqlOf('junmai/source.sql'))
    sqliteExec(target, sqlOf('junmai/target.sql'))
    for (const [table, rows] of Object.entries(tables(random, scale)))
      await insertRows(sql => sqliteExec(source, sql), table, COLUMNS[table]?.split(' ') ?? [], rows)
    return { env: { JUNMAI_DB: source, JUNMAI_NEW_DB: target }, state: async () => digest(stateOf(target)) }
  },
}

const COLUMNS: Readonly<Record<string, string>> = {
  sessions: 'id name folder started ended photo_count',
  photos:
    'id session_id path filename size width height camera lens iso aperture shutter focal taken gps_lat gps_lon rating picked score exif imported',
  jobs: 'id photo_id kind state priority params error created finished',
  presets: 'id name settings favourite created',
  statistics: 'id day imported exported seconds',
  learning_data: 'id photo_id feature before_value after_value weight created',
}

/** Every row of every table of the target. */
export function stateOf(file: string): unknown {
  return Object.keys(COLUMNS).map(table => [table, sqliteRows(file, `select * from ${table} order by id`)])
}

function tables(random: Random, scale: number): Readonly<Record<string, Iterable<readonly Cell[]>>> {
  const maybe = (value: Cell): Cell => (random.chance(0.2) ? null : value)
  const sessions = 5 * scale
  const photos = 127 * scale
  return {
    sessions: numbers(sessions).map(n => [
      n,
      ` Session ${n} `,
      `/photos/2021/${n}`,
      clockText(n * 1440),
      maybe(clockText(n * 1440 + 90)),
      null,
    ]),
    photos: photoRows(random, photos, sessions),
    jobs: numbers(45 * scale).map(n => {
      const state = random.pick(['queued', 'running', 'done', 'error'])
      return [
        n,
        random.int(1, photos),
        random.pick(['develop', 'export', 'tag']),
        state,
        maybe(random.int(0, 9)),
        maybe('{"preset": 1, "strength": 0.10}'),
        state === 'error' ? "can't read 'raw'" : null,
        clockText(n * 11),
        state === 'done' ? clockText(n * 11 + 1) : null,
      ]
    }),
    presets: numbers(3 * scale).map(n => [
      n,
      `Preset ${n}`,
      `{"exposure": 0.${n}0, "id": 90071992547409${n}3}`,
      n % 2,
      clockText(n * 50),
    ]),
    statistics: numbers(10 * scale).map(n => [
      n,
      clockText(n * 1440).slice(0, 10),
      random.int(0, 500),
      maybe(random.int(0, 90)),
      random.int(0, 99_999) / 10,
    ]),
    learning_data: numbers(89 * scale).map(n => [
      n,
      maybe(random.int(1, photos)),
      random.pick(['exposure', 'contrast', 'tint']),
      maybe('0'),
      String(random.int(-100, 100) / 100),
      maybe(random.int(1, 100) / 100),
      clockText(n * 17),
    ]),
  }
}

function* photoRows(random: Random, count: number, sessions: number): Generator<readonly Cell[]> {
  const maybe = (value: Cell): Cell => (random.chance(0.2) ? null : value)
  for (let n = 1; n <= count; n++) {
    const taken = clockText(n * 7)
    yield [
      n,
      random.int(1, sessions),
      `/photos/2021/IMG_${n}.NEF`,
      maybe(`IMG_${n}.NEF`),
      maybe(random.int(1_000_000, 60_000_000)),
      6000,
      4000,
      random.pick(CAMERAS),
      maybe(' 24-70mm f/2.8 '),
      // As cameras and importers wrote it over the years.
      random.pick(['400', 'ISO 400', 'ISO 12800', '', null]),
      random.pick(['f/2.8', '5.6', null]),
      random.pick(['1/250', '2', null]),
      random.pick(['50 mm', '85', null]),
      maybe(n % 3 === 0 ? taken : taken.replaceAll('-', ':')),
      maybe(random.int(-900_000, 900_000) / 10_000),
      maybe(random.int(-1_800_000, 1_800_000) / 10_000),
      maybe(random.int(0, 5)),
      maybe(random.int(0, 1)),
      maybe(random.int(0, 1000) / 1000),
      maybe(`{"Make": "${n % 2 === 0 ? 'NIKON' : 'Canon'}", "Serial": 12345678901234567${n % 10}}`),
      clockText(n * 7 + 1000),
    ]
  }
}
