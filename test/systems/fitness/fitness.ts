import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../../support/random.js'
import { sqliteExec } from '../../support/sqlite.js'
import { type Cell, clockText, digest, insertRows, numbers, sqlOf } from '../rows.js'
import type { Built, Place, System } from '../system.js'

const FAMILY = ['김', '이', '박', '최', '정']
const GIVEN = ['민수', '서연', '지훈', '하은', '도윤', '수빈']
const METHODS = ['card', 'cash', 'transfer']
const AMOUNTS = [990_000, 1_234_567, 550_000, 1, 333_333]

/** The Streamlit application's SQLite file and the Django application's empty PostgreSQL tables. */
export const fitness: System = {
  name: 'fitness',
  claim: 'none',
  build: async ({ dir, random, scale, database }: Place): Promise<Built> => {
    const file = join(dir, 'fitness.db')
    sqliteExec(file, sqlOf('fitness/source.sql'))
    for (const [table, columns, rows] of tables(random, scale))
      await insertRows(sql => sqliteExec(file, sql), table, columns.split(' '), rows)
    const target = await database()
    await target.exec(sqlOf('fitness/target.sql'))
    return {
      env: { FITNESS_DB: file, DATABASE_URL: target.url },
      state: async () => digest(await target.rows(STATE)),
    }
  },
}

/** SHA-256 of the source's file: it is never written to. */
export function sourceHash(dir: string): string {
  return createHash('sha256')
    .update(readFileSync(join(dir, 'fitness.db')))
    .digest('hex')
}

const STATE = [
  'accounts_user',
  'clients_client',
  'assessments_assessment',
  'sessions_sessionpackage',
  'sessions_session',
]
  .concat('sessions_payment', 'sessions_feeauditlog')
  .map(table => `select '${table}', t::text from ${table} t`)
  .join(' union all ')
  .concat(' order by 1, 2')

type Table = readonly [table: string, columns: string, rows: readonly (readonly Cell[])[]]

function tables(random: Random, scale: number): readonly Table[] {
  const trainers = 7 * scale
  const clients = 10 * scale
  const packages = 5 * scale
  const client = (): number => random.int(1, clients)
  const package_ = (): number | null => (random.chance(0.8) ? random.int(1, packages) : null)
  const optional = (value: Cell): Cell => (random.chance(0.2) ? null : value)
  const trainerOf = numbers(clients).map(() => random.int(1, trainers))
  return [
    [
      'trainers',
      'username password_hash name email created_at last_login failed_login_attempts locked_until',
      numbers(trainers).map(n => [
        `trainer${n}`,
        `$2b$12$${createHash('sha256').update(`salt ${n}`).digest('base64').replaceAll(/[+=]/g, '.').padEnd(53, '.').slice(0, 53)}`,
        n % 7 === 3 ? 'Ada King' : random.pick(FAMILY) + random.pick(GIVEN),
        // The third trainer of every seven writes down the second one's address, in capitals.
        n % 7 === 3 ? `TRAINER${n - 1}@gym.example` : `trainer${n}@gym.example`,
        clockText(n * 1440),
        optional(clockText(n * 1440 + 60)),
        n % 4,
        n % 7 === 0 ? clockText(n * 1440 + 90) : null,
      ]),
    ],
    [
      'clients',
      'trainer_id name age gender height weight email phone created_at',
      numbers(clients).map(n => [
        trainerOf[n - 1] as number,
        ` ${random.pick(FAMILY)}${random.pick(GIVEN)} `,
        random.int(18, 80),
        random.pick(['M', 'F', '남', '여']),
        random.int(1500, 1990) / 10,
        random.int(450, 1100) / 10,
        n % 5 === 0 ? 'not an address' : optional(`Client${n}@Mail.Example`),
        optional(`010-${random.int(1000, 9999)}-${random.int(1000, 9999)}`),
        clockText(n * 600),
      ]),
    ],
    ['assessments', ASSESSMENT.join(' '), numbers(7 * scale).map(n => assessment(random, n, client(), trainerOf))],
    [
      'session_packages',
      'client_id trainer_id package_name total_amount session_price total_sessions remaining_sessions created_at',
      numbers(packages).map(n => {
        const owner = client()
        const total = random.int(5, 30)
        const amount = AMOUNTS[n % AMOUNTS.length] as number
        const price = Math.floor(amount / total)
        const left = n % 5 === 4 ? total + 2 : random.int(0, total)
        return [
          owner,
          trainerOf[owner - 1] as number,
          optional(`PT ${total}회`),
          amount,
          price,
          total,
          left,
          clockText(n * 900),
        ]
      }),
    ],
    [
      'sessions',
      'client_id package_id trainer_id session_date session_time session_duration status notes created_at completed_at',
      numbers(4 * scale).map(n => {
        const owner = client()
        const day = clockText(n * 700)
        return [
          owner,
          package_(),
          n % 4 === 2 ? null : (trainerOf[owner - 1] as number),
          day.slice(0, 10),
          optional(`${String(random.int(6, 21)).padStart(2, '0')}:30`),
          60,
          random.pick(['scheduled', 'completed', 'cancelled']),
          optional('weights'),
          day,
          n % 2 === 0 ? day : null,
        ]
      }),
    ],
    [
      'training_sessions',
      'client_id package_id session_dt duration state memo created_at',
      numbers(3 * scale).map(n => {
        const day = clockText(n * 800)
        return [
          client(),
          package_(),
          day.slice(0, 10),
          optional(50),
          random.pick(['done', 'planned']),
          optional('legacy'),
          day,
        ]
      }),
    ],
    [
      'payments',
      'client_id package_id trainer_id amount payment_method payment_date description created_at',
      numbers(4 * scale).map(n => {
        const owner = client()
        return [
          owner,
          package_(),
          n % 4 === 1 ? null : (trainerOf[owner - 1] as number),
          AMOUNTS[n % AMOUNTS.length] as number,
          random.pick(METHODS),
          clockText(n * 700).slice(0, 10),
          optional('monthly'),
          clockText(n * 700),
        ]
      }),
    ],
    [
      'payment_records',
      'client_id package_id amount method paid_on created_at',
      numbers(2 * scale).map(n => [
        client(),
        package_(),
        77_777,
        optional('CARD'),
        clockText(n * 600).slice(0, 10),
        clockText(n * 600),
      ]),
    ],
  ]
}

const ASSESSMENT = (
  'client_id trainer_id date overhead_squat_score overhead_squat_notes push_up_score push_up_reps push_up_notes ' +
  'single_leg_balance_left_eyes_open single_leg_balance_right_eyes_open single_leg_balance_left_eyes_closed ' +
  'single_leg_balance_right_eyes_closed single_leg_balance_notes toe_touch_score toe_touch_distance toe_touch_notes ' +
  'shoulder_mobility_left shoulder_mobility_right shoulder_mobility_score shoulder_mobility_notes farmers_carry_weight ' +
  'farmers_carry_distance farmers_carry_time farmers_carry_score farmers_carry_notes harvard_step_test_heart_rate ' +
  'harvard_step_test_duration harvard_step_test_hr1 harvard_step_test_hr2 harvard_step_test_notes'
).split(' ')

function assessment(random: Random, n: number, client: number, trainerOf: readonly number[]): Cell[] {
  const cell = (column: string): Cell => {
    if (column.endsWith('_notes')) return random.chance(0.5) ? null : `note ${n}`
    if (random.chance(0.2)) return null
    if (column.endsWith('_score')) return random.int(0, 3)
    return /balance|distance|mobility|weight|duration/.test(column) ? random.int(0, 600) / 10 : random.int(1, 180)
  }
  const [, , , ...tests] = ASSESSMENT
  return [client, n % 7 === 5 ? null : (trainerOf[client - 1] as number), clockText(n * 1000), ...tests.map(cell)]
}
