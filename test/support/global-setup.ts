import { execFile } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type {} from 'vitest'
import type { TestProject } from 'vitest/node'
import { mysqlOnDemand } from './mysql-on-demand.js'
import { startPostgres } from './postgres-server.js'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Superuser on the database `postgres` of the server of this test run. */
    postgresUrl: string
    /** Where to ask for the MariaDB or MySQL of this test run. */
    mysqlSocket: string
  }
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Once per test run: the program is built where its source is newer, a PostgreSQL is there, and a MariaDB when one is asked for. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [server, mysql] = await Promise.all([startPostgres(), mysqlOnDemand(), build()])
  project.provide('postgresUrl', server.url)
  project.provide('mysqlSocket', mysql.socket)
  const before = process.env.ETL_TEST_POSTGRES_URL
  process.env.ETL_TEST_POSTGRES_URL = server.url
  console.log(`PostgreSQL ${server.version} (${server.kind})`)
  return async () => {
    if (before === undefined) delete process.env.ETL_TEST_POSTGRES_URL
    await Promise.all([server.stop(), mysql.stop()])
  }
}

async function build(): Promise<void> {
  if (process.env.ETL_TEST_NO_BUILD) return
  const source = Math.max(newest(join(ROOT, 'src')), newest(join(ROOT, 'tsconfig.json')))
  if (newest(join(ROOT, 'dist')) > source) return
  try {
    await promisify(execFile)('npm', ['run', 'build', '--silent'], { cwd: ROOT })
  } catch (error) {
    const output = (error as { stdout?: string }).stdout ?? String(error)
    throw new Error(`npm run build failed (ETL_TEST_NO_BUILD=1 skips it):\n${output}`, { cause: error })
  }
}

/** Time of the latest change of a file or of anything in a folder; 0 where there is none. */
function newest(path: string): number {
  if (!existsSync(path)) return 0
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(0, ...readdirSync(path).map(name => newest(join(path, name))))
}
