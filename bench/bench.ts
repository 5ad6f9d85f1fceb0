import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type MysqlServer, startMysql } from '../test/support/mysql-server.js'
import { type PostgresServer, startPostgres } from '../test/support/postgres-server.js'
import { makeFiles, makeSqlite, type PipelineOptions, POSTGRES_FINISHED, pipelineYaml } from './dataset.js'
import { type Measured, measure } from './measure.js'

const LEDGER = ['etl_run', 'etl_batch', 'etl_chunk', 'etl_reject', 'etl_identity', 'etl_audit', 'etl_undo']

/** The servers, the files and the commands that the paths share; each is made when it is first asked for. */
export class Bench {
  readonly dir = join(tmpdir(), 'etl-bench')
  readonly cli = resolve('dist/cli.js')
  #postgres: Promise<PostgresServer> | undefined
  #mysql: Promise<MysqlServer> | undefined
  #finished: Promise<string> | undefined
  /** Where runs leave their profiles; undefined: nowhere. */
  profiles: string | undefined

  constructor(readonly rows: number) {
    mkdirSync(this.dir, { recursive: true })
  }

  /** Both servers keep what they have committed, as they would where it matters. */
  postgres(): Promise<PostgresServer> {
    this.#postgres ??= counted(startPostgres({ fsync: true }))
    return this.#postgres
  }

  mysql(): Promise<MysqlServer> {
    this.#mysql ??= counted(
      startMysql({
        settings: {
          'innodb-flush-log-at-trx-commit': '1',
          'innodb-log-file-size': '256M',
          'innodb-buffer-pool-size': '512M',
        },
      }),
    )
    return this.#mysql
  }

  async stop(): Promise<void> {
    await (await this.#postgres)?.stop()
    await (await this.#mysql)?.stop()
  }

  /** The legacy table as an SQLite file. */
  async sqlite(): Promise<string> {
    const file = join(this.dir, `orders-${this.rows}.sqlite`)
    await makeSqlite(file, this.rows)
    return file
  }

  /** The legacy table as text, for COPY and LOAD DATA (`tsv`) and as CSV. */
  async files(): Promise<{ readonly tsv: string; readonly csv: string }> {
    const files = { tsv: join(this.dir, `orders-${this.rows}.tsv`), csv: join(this.dir, `orders-${this.rows}.csv`) }
    await makeFiles(files, this.rows)
    return files
  }

  /** What the pipeline makes of the legacy table, as text for COPY and LOAD DATA. */
  finished(): Promise<string> {
    this.#finished ??= this.#makeFinished()
    return this.#finished
  }

  async #makeFinished(): Promise<string> {
    const options: PipelineOptions = {
      source: { type: 'sqlite', path: await this.sqlite() },
      target: { type: 'postgres', url: (await this.postgres()).url },
    }
    const recipe = createHash('sha256')
      .update(pipelineYaml({ ...options, target: { type: 'postgres' } }))
      .digest('hex')
    const file = join(this.dir, `finished-${this.rows}-${recipe.slice(0, 8)}.tsv`)
    if (existsSync(file)) return file
    await this.psql(POSTGRES_FINISHED)
    await this.etl(pipelineYaml(options))
    await this.psql(`\\copy orders to '${file}'`)
    return file
  }

  /** Statements or one backslash command, each a transaction of its own. */
  async psql(...commands: readonly string[]): Promise<Measured> {
    const { url } = await this.postgres()
    return await must('psql', [
      url,
      '-q',
      ...['set client_min_messages = warning', ...commands].flatMap(c => ['-c', c]),
    ])
  }

  /** The block of a pipeline for the bench's own database on the MySQL server. */
  async mysqlDatabase(): Promise<Readonly<Record<string, unknown>>> {
    const { url } = await this.mysql()
    await must('mysql', [...loginOf(url), '-e', 'create database if not exists bench'])
    return { type: 'mysql', url: url.replace(/\/mysql$/, '/bench') }
  }

  async mysqlClient(...commands: readonly string[]): Promise<Measured> {
    return await must('mysql', [...(await this.mysqlLogin()), '-e', commands.join('; ')])
  }

  async mysqlLogin(): Promise<string[]> {
    return [...loginOf((await this.mysql()).url), '--local-infile=1', 'bench']
  }

  /** A pipeline to its end, as a user runs it. `folder` is where its state is kept. */
  async etl(
    yaml: string,
    folder = join(this.dir, 'run'),
    args = ['run', 'pipeline.yaml', '--yes', '--progress', 'none'],
  ): Promise<Measured> {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder)
    writeFileSync(join(folder, 'pipeline.yaml'), yaml)
    return await this.command(args, folder)
  }

  /** Another command on what `etl` has left in its folder. */
  async command(args: readonly string[], folder: string): Promise<Measured> {
    const profile = this.profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${this.profiles}`]
    return await must(process.execPath, [...profile, this.cli, ...args], folder)
  }

  /** The target without rows, and without a trace of runs before. */
  async freshPostgres(ddl = POSTGRES_FINISHED): Promise<void> {
    await this.psql(`drop table if exists ${LEDGER.join(', ')}`, ddl, 'checkpoint')
  }

  async freshMysql(ddl: string): Promise<void> {
    await this.mysqlClient(`drop table if exists ${LEDGER.join(', ')}`, ddl)
  }
}

/** The servers of the bench, whose processor time counts too. */
const servers: number[] = []

async function counted<T extends { readonly pid: number | undefined }>(starting: Promise<T>): Promise<T> {
  const server = await starting
  if (server.pid !== undefined) servers.push(server.pid)
  return server
}

export async function must(command: string, args: readonly string[], cwd?: string): Promise<Measured> {
  const result = await measure(command, args, { servers, ...(cwd === undefined ? {} : { cwd }) })
  if (result.code !== 0) throw new Error(`${command} ended with ${result.code}: ${result.stderr}`)
  return result
}

function loginOf(url: string): string[] {
  const { hostname, port, username, password } = new URL(url)
  return ['-h', hostname, '-P', port, '-u', username, `-p${password}`]
}
