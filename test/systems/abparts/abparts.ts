import { type Cell, digest, insertRows, numbers, sqlOf } from '../rows.js'
import type { Built, Place, ServerDatabase, System } from '../system.js'

export interface Size {
  readonly organizations: number
  readonly users: number
  readonly parts: number
}

/** What a rehearsal is done at, smallest first; the last is the real one. */
export const SIZES: readonly Size[] = [
  { organizations: 3, users: 5, parts: 10 },
  { organizations: 10, users: 25, parts: 50 },
  { organizations: 25, users: 75, parts: 100 },
  { organizations: 50, users: 150, parts: 200 },
  { organizations: 100, users: 200, parts: 200 },
]
const REAL = SIZES.at(-1) as Size
const UNITS = ['liters', 'kg', 'ml', 'grams', 'pieces', null]

/** The application's one PostgreSQL database, at the size of its real use. */
export const abparts: System = {
  name: 'abparts',
  claim: '<1,000 records in 30 s',
  build: place =>
    buildAbparts(place, {
      organizations: REAL.organizations * place.scale,
      users: REAL.users * place.scale,
      parts: REAL.parts * place.scale,
    }),
}

export async function buildAbparts(
  { random, database }: Pick<Place, 'random' | 'database'>,
  size: Size,
): Promise<Built & { readonly app: ServerDatabase }> {
  const app = await database()
  await app.exec(sqlOf('abparts/schema.sql'))
  const insert = (table: string, columns: string, rows: readonly (readonly Cell[])[]): Promise<void> =>
    insertRows(app.exec, table, columns.split(' '), rows)
  const maybe = (value: Cell): Cell => (random.chance(0.3) ? null : value)
  const { organizations, users, parts } = size
  const organization = (): string => uuid('a', random.int(1, organizations))
  const supplier = (n: number): boolean => n > 2 && n % 9 === 0
  await insert(
    'organizations',
    'id name organization_type parent_organization_id is_active',
    numbers(organizations).map(n => [
      uuid('a', n),
      n === 1 ? 'Oraseas EE' : n === 2 ? 'BossAqua Ltd' : `Customer ${n}`,
      supplier(n) ? 'supplier' : null,
      supplier(n) ? uuid('a', 1) : null,
      maybe(true),
    ]),
  )
  await insert(
    'users',
    'id organization_id username email name role user_status failed_login_attempts is_active',
    numbers(users).map(n => [
      uuid('b', n),
      n === 1 ? uuid('a', 1) : organization(),
      `user${n}`,
      `user${n}@parts.example`,
      maybe(`User ${n}`),
      n === 1 ? 'super_admin' : maybe('admin'),
      maybe('active'),
      maybe(random.int(0, 3)),
      maybe(true),
    ]),
  )
  await insert(
    'parts',
    'id part_number name part_type unit_of_measure is_proprietary',
    numbers(parts).map(n => [
      uuid('c', n),
      `P-${n}`,
      n % 10 === 0 ? `BossAqua filter ${n}` : `part "${n}"`,
      null,
      random.pick(UNITS),
      maybe(n % 10 === 0),
    ]),
  )
  await insert(
    'machines',
    'id organization_id customer_organization_id serial_number model',
    numbers(organizations).map(n => [
      uuid('d', n),
      uuid('a', random.int(Math.min(3, organizations), organizations)),
      null,
      `SN-${n}`,
      maybe('AB-1'),
    ]),
  )
  // Every fourth organization has a warehouse of its own already.
  await insert(
    'warehouses',
    'id organization_id name',
    numbers(organizations)
      .filter(n => n % 4 === 0)
      .map(n => [uuid('e', n), uuid('a', n), 'Depot']),
  )
  await insert(
    'inventory',
    'id organization_id part_id current_stock minimum_stock_recommendation',
    numbers(parts * 2).map(n => [
      uuid('f', n),
      organization(),
      uuid('c', ((n * 7) % parts) + 1),
      random.chance(0.2) ? null : (random.int(0, 5_000_000) / 1000).toFixed(3),
      maybe('1.500'),
    ]),
  )
  const state = ['organizations', 'users', 'parts', 'machines', 'warehouses', 'inventory', 'transactions']
    .map(table => `select '${table}', t::text from ${table} t`)
    .join(' union all ')
  return {
    app,
    env: { DATABASE_URL: app.url },
    state: async () => digest(await app.rows(`${state} order by 1, 2`)),
  }
}

/** The same id for the same row of a kind. */
function uuid(kind: string, n: number): string {
  return `${kind.repeat(8)}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`
}
