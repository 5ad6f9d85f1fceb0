import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { makeBackup } from '../../src/backup/backup.js'
import { OpenedBackup } from '../../src/backup/opened.js'
import { planDumpRestore, restoreDump } from '../../src/backup/restore-dump.js'
import { TABLE_DUMP } from '../../src/backup/table-dump.js'
import type { Database } from '../../src/core/connector.js'
import type { Row } from '../../src/core/row.js'
import { loadPipeline } from '../../src/index.js'
import type { Place } from './databases.js'
import { commitRows, onEveryDatabase, readRows, readSpec, withSession, writeSpec } from './databases.js'
import { EXCEPTIONS, VALUES } from './values.js'

/** The dump is for databases that have nothing better; here for those that have, too. */
function withoutTool(database: Database): Database {
  return new Proxy(database, {
    get(target, key) {
      if (key === 'nativeCopy') return undefined
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** A table of each type with every value that the database takes, and null. */
async function fill(place: Place): Promise<readonly string[]> {
  const names: string[] = []
  for (const [i, { type, cases }] of VALUES.entries()) {
    const table = `dump${i}`
    names.push(table)
    await withSession(place.database, { readOnly: false }, session =>
      session.createTable(
        { table },
        [
          { name: 'id', type: { kind: 'integer', bits: 64 }, nullable: false },
          { name: 'v', type, nullable: true },
        ],
        // Every second one without a key: then the order of its rows does not count.
        i % 2 === 0 ? ['id'] : [],
      ),
    )
    const refused = EXCEPTIONS.filter(
      ({ type: kind, database, becomes }) => kind === type.kind && database === place.name && 'refused' in becomes,
    ).map(({ label }) => label)
    const values = cases.filter(({ label }) => !refused.includes(label)).map(({ value }) => value)
    const rows: Row[] = [...values, null].map((value, id) => [id, value])
    await commitRows(place, await writeSpec(place, table, ['id', 'v'], 'insert'), rows)
  }
  return names
}

onEveryDatabase('dump', place => {
  test('every value of every type comes back as it was', { timeout: 120_000 }, async () => {
    const { database, schema } = place()
    const folder = mkdtempSync(join(tmpdir(), 'etl-dump-'))
    try {
      const names = await fill(place())
      const content = (): Promise<Row[][]> =>
        withSession(database, { readOnly: true }, async session => {
          const found: Row[][] = []
          for (const name of names)
            found.push(await readRows(session, await readSpec(place(), name, ['id'], {}, false)))
          return found
        })
      const before = await content()
      const entities = { e: { from: { rows: [{ ID: 1 }] }, to: 'dump0', fields: { id: 'ID' } } }
      const file = { version: 1, name: 'dump', target: schema.config, backup: { encrypt: 'of the test' }, entities }
      writeFileSync(join(folder, 'pipeline.yaml'), stringify(file))
      const pipeline = await loadPipeline(join(folder, 'pipeline.yaml'))
      const { signal } = new AbortController()
      const saved = await makeBackup({
        pipeline,
        database: withoutTool(database),
        kind: 'backup',
        tables: names.map(table => ({ table })),
        signal,
        progress: () => {},
      })
      expect(saved).toMatchObject({ format: TABLE_DUMP, encrypted: true })
      expect(saved.tables.map(({ table, rows }) => [table, rows]).sort()).toEqual(
        names.map((name, i) => [name, before[i]?.length]).sort(),
      )
      for (const [i, name] of names.entries())
        await schema.exec(i % 3 === 0 ? `delete from ${name}` : `update ${name} set v = null where id = 0`)
      expect(await content()).not.toEqual(before)
      const backup = await OpenedBackup.open(saved.backup, 'of the test')
      const plan = await planDumpRestore(database, backup)
      await restoreDump(database, schema.config, plan, backup, signal, async () => undefined)
      expect(await content()).toEqual(before)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
