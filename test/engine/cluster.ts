import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { CLI, type EtlResult, runEtl, type StartedEtl, startEtl, temporaryFolder } from '../support/etl.js'
import { type PostgresServer, startPostgres } from '../support/postgres-server.js'
import { TestWorker } from '../support/test-worker.js'
import { type Delivery, type EngineName, pgBossDelivery, restateDelivery } from './delivery.js'

export const SECRET = 'c4n4ry-s3cret'

/** Source and target in one server of its own, an engine, and workers that are processes. */
export class Cluster {
  readonly dir = temporaryFolder()
  readonly #server: PostgresServer
  readonly #workers: TestWorker[] = []

  readonly #delivery: Delivery

  private constructor(server: PostgresServer, restate: Delivery | undefined) {
    this.#server = server
    this.#delivery = restate ?? pgBossDelivery(this.#url('queue'), sql => this.#query('queue', sql))
  }

  static async start(engine: EngineName): Promise<Cluster> {
    const restate = engine === 'restate' ? await restateDelivery() : undefined
    const server = await startPostgres({ own: true, settings: { max_connections: '200' } })
    const cluster = new Cluster(server, restate)
    await cluster.#query('postgres', `create role loader login superuser password '${SECRET}'`)
    for (const name of ['src', 'dst', 'queue']) await cluster.#query('postgres', `create database ${name}`)
    await cluster.etl('engine', 'init')
    return cluster
  }

  get engine(): Delivery {
    return this.#delivery
  }

  get env(): Record<string, string> {
    return {
      SRC_URL: this.#url('src', `loader:${SECRET}`),
      DST_URL: this.#url('dst', `loader:${SECRET}`),
      ETL_ENGINE: this.#delivery.url,
    }
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.dir, name), text)
  }

  etl(...args: string[]): Promise<EtlResult> {
    return runEtl(args, { cwd: this.dir, env: this.env })
  }

  start(...args: string[]): StartedEtl {
    return startEtl(args, { cwd: this.dir, env: this.env })
  }

  async worker(...args: string[]): Promise<TestWorker> {
    const all = [...(await this.#delivery.workerArgs()), ...args]
    const worker = await TestWorker.start(CLI, all, { cwd: this.dir, env: this.env })
    this.#workers.push(worker)
    return worker
  }

  /** What all workers have said, in the order of time. */
  get log(): readonly string[] {
    return this.#workers.flatMap(worker => worker.lines).sort((a, b) => (a < b ? -1 : 1))
  }

  source(sql: string): Promise<unknown[][]> {
    return this.#query('src', sql)
  }

  target(sql: string): Promise<unknown[][]> {
    return this.#query('dst', sql)
  }

  async dismiss(): Promise<void> {
    for (const worker of this.#workers.splice(0)) await worker.kill('SIGKILL')
    this.#delivery.dismissed()
  }

  async stop(): Promise<void> {
    await this.dismiss()
    await this.#delivery.stop()
    await this.#server.stop()
    rmSync(this.dir, { recursive: true, force: true })
  }

  #url(database: string, login?: string): string {
    const url = new URL(this.#server.url)
    url.pathname = `/${database}`
    if (login !== undefined) [url.username = '', url.password = ''] = login.split(':')
    return url.href
  }

  async #query(database: string, sql: string): Promise<unknown[][]> {
    const client = new pg.Client({ connectionString: this.#url(database) })
    await client.connect()
    try {
      const result = await client.query<unknown[]>({ text: sql, rowMode: 'array' })
      return result.rows ?? []
    } finally {
      await client.end()
    }
  }
}
