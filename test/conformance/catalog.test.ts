import { beforeAll, expect, test } from 'vitest'
import type { LogicalType } from '../../src/core/types.js'
import { identityColumn, onEveryDatabase, ownSql } from './databases.js'
import { VALUES } from './values.js'

onEveryDatabase('catalog', place => {
  beforeAll(async () => {
    await place().schema.exec(`
      create table parent (
        tenant integer not null,
        code varchar(10) not null,
        label varchar(40) default 'none',
        primary key (tenant, code)
      );
      create table child (
        id ${identityColumn(place())},
        tenant integer,
        parent_code varchar(10),
        amount decimal(12, 2) not null,
        doubled integer generated always as (tenant * 2) stored,
        email varchar(80),
        constraint child_email unique (email, tenant),
        foreign key (tenant, parent_code) references parent (tenant, code)
      );
      create unique index child_partial on child (amount) where amount > 0;
      create unique index child_expression on child (lower(email));
      create view both_sides as select child.id, parent.label from child join parent on parent.code = child.parent_code;
      insert into parent values (1, 'a', 'A'), (1, 'b', 'B');
    `)
  })

  test('lists tables and views', async () => {
    const tables = await place().database.listTables()
    expect(tables.map(ref => ref.table).sort()).toEqual(['both_sides', 'child', 'parent'])
  })

  test('a table that is not there is undefined', async () => {
    expect(await place().database.table({ table: 'nowhere' })).toBeUndefined()
  })

  test('many tables at once are what each is alone, in the order asked', async () => {
    const { database } = place()
    const refs = ['child', 'nowhere', 'both_sides', 'parent', 'child'].map(table => ({ table }))
    const alone = []
    for (const ref of refs) alone.push(await database.table(ref))
    expect(alone.map(table => table?.table)).toEqual(['child', undefined, 'both_sides', 'parent', 'child'])
    if (database.tables !== undefined) expect(await database.tables(refs)).toEqual(alone)
  })

  test('columns with type, nullability and default', async () => {
    const table = await place().database.table({ table: 'parent' })
    const bits = place().name === 'sqlite' ? 64 : 32
    expect(
      table?.columns.map(({ name, type, nullable, hasDefault }) => ({ name, type, nullable, hasDefault })),
    ).toEqual([
      { name: 'tenant', type: { kind: 'integer', bits }, nullable: false, hasDefault: false },
      { name: 'code', type: { kind: 'text', length: 10 }, nullable: false, hasDefault: false },
      { name: 'label', type: { kind: 'text', length: 40 }, nullable: true, hasDefault: true },
    ])
    expect(table?.kind).toBe('table')
    expect(table?.transactional).toBe(true)
  })

  test('composite primary key, in the order of the key', async () => {
    const table = await place().database.table({ table: 'parent' })
    expect(table?.primaryKey).toEqual(['tenant', 'code'])
  })

  test('an identity column, a generated column, a decimal', async () => {
    const table = await place().database.table({ table: 'child' })
    const column = (name: string) => table?.columns.find(candidate => candidate.name === name)
    expect(column('id')).toMatchObject({ generated: 'default', nullable: false, hasDefault: true })
    expect(column('id')?.type).toEqual({ kind: 'integer', bits: 64 })
    expect(column('doubled')?.generated).toBe('stored')
    expect(column('amount')).toMatchObject({ type: { kind: 'decimal', precision: 12, scale: 2 }, nullable: false })
    expect(column('amount')?.generated).toBeUndefined()
    expect(table?.primaryKey).toEqual(['id'])
  })

  test('full unique keys only: no partial, no expression index', async () => {
    const table = await place().database.table({ table: 'child' })
    expect(table?.uniques.map(unique => unique.columns)).toEqual([['email', 'tenant']])
  })

  test('foreign keys with the columns they point to', async () => {
    const table = await place().database.table({ table: 'child' })
    expect(table?.foreignKeys).toHaveLength(1)
    const [key] = table?.foreignKeys ?? []
    expect(key?.columns).toEqual(['tenant', 'parent_code'])
    expect(key?.references.table).toBe('parent')
    expect(key?.referencedColumns).toEqual(['tenant', 'code'])
  })

  test('a view has columns but no key', async () => {
    const view = await place().database.table({ table: 'both_sides' })
    expect(view?.kind).toBe('view')
    expect(view?.columns.map(column => column.name)).toEqual(['id', 'label'])
    expect(view?.primaryKey).toEqual([])
  })

  test('describes a query without running it', async () => {
    const columns = await place().database.describe(ownSql(place(), 'select code, tenant from parent where tenant = 1'))
    expect(columns.map(({ name, type }) => [name, type.kind])).toEqual([
      ['code', 'text'],
      ['tenant', 'integer'],
    ])
    const failure = await place()
      .database.describe(ownSql(place(), 'select nothing from parent'))
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ name: 'EtlError', code: expect.stringMatching(/^E(207|308)$/) })
  })

  test('tells beforehand how the catalog will describe a column that it makes', async () => {
    const { database } = place()
    const types: readonly LogicalType[] = [
      ...VALUES.map(group => group.type),
      ...[8, 16, 24, 32].map((bits): LogicalType => ({ kind: 'integer', bits: bits as 8, unsigned: true })),
      { kind: 'timestamp', zoned: false, precision: 9 },
      { kind: 'timestamp', zoned: true, precision: 9 },
      { kind: 'timestamp', zoned: true, precision: 0 },
      { kind: 'time', precision: 3 },
      { kind: 'bytes', length: 16 },
      { kind: 'other', native: 'bit(8)' },
    ]
    const columns = types.map((type, i) => ({ name: `c${i}`, type, nullable: true }))
    const session = await database.session({ readOnly: false })
    await session.begin()
    await session.createTable({ table: 'made' }, columns, [])
    await session.commit()
    await session.close()
    const made = await database.table({ table: 'made' })
    expect(columns.map(column => database.created?.(column, false).type)).toEqual(made?.columns.map(({ type }) => type))
  })

  test('rights of the owner', async () => {
    expect(await place().database.rights({ table: 'parent' })).toEqual({ select: true, write: true })
  })

  test('the identity stays the same and holds no secret', async () => {
    const { connector, schema, database } = place()
    const again = await connector.open(schema.config, {
      readOnly: true,
      baseDir: schema.baseDir,
      applicationName: 'etl test',
    })
    expect(again.identity).toEqual(database.identity)
    expect(database.identity.label).toContain(place().name)
    await again.close()
  })
})
