import type { ConnectionConfig } from '../../core/connector.js'
import type { Scratch, ScratchOptions } from '../../core/scratch.js'
import { connect, type MyConnection } from './connection.js'
import { quote } from './dialect.js'
import { readSettings } from './spec.js'

/** A database of its own on the server, with tables made by the statements that the server gives of the original's. */
export async function makeScratch(config: ConnectionConfig, options: ScratchOptions): Promise<Scratch> {
  const { name, baseDir, applicationName } = options
  const settings = readSettings(config, baseDir)
  const home = settings.database
  const within = async <T>(database: string, work: (connection: MyConnection) => Promise<T>): Promise<T> => {
    const connection = await connect({ ...settings, database }, { readOnly: false, applicationName })
    try {
      return await work(connection)
    } finally {
      await connection.close()
    }
  }
  const drop = (): Promise<void> =>
    within(home, async connection => {
      await connection.run(`drop database if exists ${quote(name)}`)
    })
  const original = await within(home, connection => schemaOf(connection, home))
  await within(home, connection => connection.run(`create database ${quote(name)} ${original.characters}`))
  try {
    await within(name, async connection => {
      await connection.run('set foreign_key_checks = 0')
      for (const statement of original.tables) await connection.run(statement)
      for (const { table, key } of original.outside)
        await connection.run(`alter table ${quote(table)} drop foreign key ${quote(key)}`)
    })
  } catch (error) {
    await drop()
    throw error
  }
  return {
    config: named(config, name),
    label: `database ${name}`,
    apart: false,
    lacks: [...original.outside.map(({ table, key }) => `foreign key ${key} of ${table}`), ...original.others],
    drop,
  }
}

/** The block with another database, which it may name within its address. */
function named(config: ConnectionConfig, database: string): ConnectionConfig {
  if (config.url === undefined) return { ...config, database }
  const url = new URL(String(config.url))
  url.pathname = `/${encodeURIComponent(database)}`
  return { ...config, url: url.href }
}

interface Original {
  readonly characters: string
  readonly tables: readonly string[]
  /** Foreign keys to other databases. */
  readonly outside: readonly { readonly table: string; readonly key: string }[]
  /** Views and triggers, which name the database they are in. */
  readonly others: readonly string[]
}

async function schemaOf(connection: MyConnection, home: string): Promise<Original> {
  const rows = async (sql: string, params: readonly string[] = [home]): Promise<string[][]> =>
    (await connection.run(sql, params)).rows.map(row => row.map(String))
  const [characters = []] = await rows(
    `select default_character_set_name, default_collation_name from information_schema.schemata where schema_name = ?`,
  )
  const tables: string[] = []
  const others: string[] = []
  const names = await rows(
    `select table_name, table_type from information_schema.tables where table_schema = ? order by table_name`,
  )
  for (const [table = '', type] of names) {
    if (type !== 'BASE TABLE') others.push(`view ${table}`)
    else tables.push((await rows(`show create table ${quote(table)}`, []))[0]?.[1] ?? '')
  }
  const outside = await rows(
    `select table_name, constraint_name from information_schema.referential_constraints
     where constraint_schema = ? and unique_constraint_schema <> constraint_schema`,
  )
  const triggers = await rows(
    `select trigger_name, event_object_table from information_schema.triggers where trigger_schema = ?`,
  )
  return {
    characters: `character set ${characters[0]} collate ${characters[1]}`,
    tables,
    outside: outside.map(([table = '', key = '']) => ({ table, key })),
    others: [...others, ...triggers.map(([trigger, table]) => `trigger ${trigger} of ${table}`)],
  }
}
