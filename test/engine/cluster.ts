import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type EtlResult, runEtl, type StartedEtl, startEtl, temporaryFolder } from '../support/etl.js'
import { type PostgresServer, startPostgres } from '../support/postgres-server.js'

export const SECRET = 'c4n4ry-s3cret'

/** Source, target and engine in one server of its own, and workers that are processes. */
export class Cluster {
  readonly dir = temporaryFolder()
  readonly #server: PostgresServer
  readonly #workers: TestWorker[] = []

  private constructor(server: PostgresServer) {
    this.#server = server
  }

  static async start(): Promise<Cluster> {
    const cluster = new Cluster(await startPostgres({ own: true, settings: { max_connections: '200' } }))
    await cluster.#query('postgres', `create role loader login superuser password '${SECRET}'`)
    for (const name of ['src', 'dst', 'queue']) await cluster.#query('postgres', `create database ${name}`)
    await cluster.etl('engine', 'init')
    return cluster
  }

  get env(): Record<string, string> {
    return {
      SRC_URL: this.#url('src', `loader:${SECRET}`),
      DST_URL: this.#url('dst', `loader:${SECRET}`),
      ETL_ENGINE: this.#url('queue'),
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
    const worker = new TestWorker(startEtl(['worker', ...args], { cwd: this.dir, env: this.env }))
    this.#workers.push(worker)
    await worker.says('ready')
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

  engine(sql: string): Promise<unknown[][]> {
    return this.#query('queue', sql)
  }

  async dismiss(): Promise<void> {
    for (const worker of this.#workers.splice(0)) await worker.kill('SIGKILL')
  }

  async stop(): Promise<void> {
    await this.dismiss()
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

export class TestWorker {
  readonly lines: string[] = []
  readonly #process: StartedEtl
  #rest = ''

  constructor(process: StartedEtl) {
    this.#process = process
    process.child.stderr?.on('data', (text: string) => {
      const [...lines] = `${this.#rest}${text}`.split('\n')
      this.#rest = lines.pop() ?? ''
      this.lines.push(...lines)
    })
  }

  says(text: string | RegExp): Promise<string> {
    return until(`a worker to say ${text}`, () =>
      this.lines.find(line => (typeof text === 'string' ? line.includes(text) : text.test(line))),
    )
  }

  leads(run: string): boolean {
    return this.lines.some(line => line.includes(`run ${run}: begins`))
  }

  /** Begun and not ended, as far as it has said. */
  get chunks(): readonly string[] {
    const open = new Set<string>()
    for (const line of this.lines) {
      const [, chunk, what] = /run \w+ (\w+ chunk \d+): (\w+)/.exec(line) ?? []
      if (chunk === undefined) continue
      if (what === 'begins') open.add(chunk)
      else open.delete(chunk)
    }
    return [...open]
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.child.kill(signal)
  }

  async kill(signal: NodeJS.Signals): Promise<EtlResult> {
    this.signal(signal)
    if (signal === 'SIGKILL') this.signal('SIGCONT')
    return this.#process.result
  }
}

const PATIENCE_MS = 90_000

export async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
): Promise<NonNullable<T>> {
  for (let waited = 0; waited < PATIENCE_MS; waited += 100) {
    const found = await look()
    if (found !== undefined && found !== null && found !== false) return found
    await sleep(100)
  }
  throw new Error(`waited in vain for ${what}`)
}
