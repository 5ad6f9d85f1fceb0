import pg from 'pg'
import { inject } from 'vitest'
import { type MinimalRole, minimalRole } from './minimal-roles.js'
import type { TestDatabase } from './types.js'

const raw = { getTypeParser: () => (value: string) => value }

/** One PostgreSQL database per test file: schemas, sequences and locks of two files never meet. */
export const database: TestDatabase = {
  name: 'postgres',
  create: async (testId, login) => {
    const server = inject('postgresUrl')
    const safe = testId.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_')
    const name = `t_${process.pid}_${Date.now().toString(36)}_${safe}`.slice(0, 63)
    await withClient(server, client => client.query(`create database "${name}" template template0`))
    const url = new URL(server)
    url.pathname = `/${name}`
    const client = new pg.Client({ connectionString: url.href, types: raw })
    client.on('error', () => {})
    await client.connect()
    const role = minimalRole(name, ['postgres-target', 'postgres-create'], login)
    if (role !== undefined) await client.query(grants(role))
    return {
      config: { type: 'postgres', url: role?.url(url) ?? url.href },
      baseDir: process.cwd(),
      exec: async sql => {
        await client.query(sql)
      },
      rows: async sql => (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows,
      drop: async () => {
        await client.end()
        await withClient(server, async admin => {
          await admin.query(`drop database "${name}" with (force)`)
          if (role !== undefined) await admin.query(`drop role ${role.name}`)
        })
      },
    }
  },
}

/** What the page grants on the tables that are there, also on those and in the schemas that the test will make. */
function grants({ name, statements }: MinimalRole): string {
  const later = statements.flatMap(text => {
    const found = /^grant (.*) on all (tables|sequences) in schema public to (.*)$/s.exec(text.trim())
    return found === null ? [] : [`alter default privileges grant ${found[1]} on ${found[2]} to ${found[3]}`]
  })
  return `${[...statements, ...later].join(';')};
    create function grant_schema() returns event_trigger language plpgsql security definer as $$
    declare made record;
    begin
      for made in select * from pg_event_trigger_ddl_commands() where command_tag = 'CREATE SCHEMA' and current_user = session_user loop
        execute format('grant usage, create on schema %s to ${name}', made.object_identity);
      end loop;
    end $$;
    create event trigger grant_schema on ddl_command_end when tag in ('CREATE SCHEMA') execute function grant_schema()`
}

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
