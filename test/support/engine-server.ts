import { type Balancer, startBalancer } from './balancer.js'
import { startProcess } from './process.js'
import { startRestate } from './restate-server.js'
import { TestWorker } from './test-worker.js'

/** Where an engine lives. */
export interface EngineHome {
  readonly url: string
  /** Ends it as a crash would, and waits until it has recovered. */
  crash?(): Promise<void>
  stop?(): Promise<unknown>
}

/** An engine, and workers for one folder after the other. */
export class EngineServer {
  readonly #home: EngineHome
  readonly #cli: string
  /** By label: at each, a Restate calls all workers at one address. */
  readonly #balancers = new Map<string, Promise<Balancer>>()

  private constructor(home: EngineHome, cli: string) {
    this.#home = home
    this.#cli = cli
  }

  /**
   * @param engine `restate`: a server of its own; `pg-boss`: in a database; else the address of one that is there
   * @param database for pg-boss
   */
  static async open(engine: string, cli: string, database: () => Promise<EngineHome>): Promise<EngineServer> {
    const own = engine === 'restate' ? startRestate() : engine === 'pg-boss' ? database() : undefined
    const server = new EngineServer((await own) ?? { url: engine }, cli)
    const args = [cli, 'engine', 'init', '--engine', server.url]
    const { code, stderr } = await startProcess(process.execPath, args, { cwd: '.' }).result
    if (code !== 0) throw new Error(`etl engine init: ${stderr}`)
    return server
  }

  get url(): string {
    return this.#home.url
  }

  /** Undefined for an engine that is not ours. */
  get crash(): (() => Promise<void>) | undefined {
    return this.#home.crash
  }

  /** Two chunks at a time. */
  async worker(dir: string, env: Readonly<Record<string, string>>, label?: string): Promise<TestWorker> {
    const args = ['--concurrency', '2', ...(label === undefined ? [] : ['--label', label])]
    if (this.url.startsWith('restate')) args.push(...(await (await this.#balancer(label)).join()))
    return TestWorker.start(this.#cli, args, { cwd: dir, env: { ...env, ETL_ENGINE: this.url } })
  }

  /** So many at the work of one folder, until it is done. */
  async withWorkers<T>(
    count: number,
    dir: string,
    env: Readonly<Record<string, string>>,
    work: () => Promise<T>,
  ): Promise<T> {
    const workers = await Promise.all(Array.from({ length: count }, () => this.worker(dir, env)))
    try {
      return await work()
    } finally {
      await Promise.all(workers.map(worker => worker.kill('SIGTERM')))
    }
  }

  async stop(): Promise<void> {
    for (const balancer of this.#balancers.values()) await (await balancer).close()
    await this.#home.stop?.()
  }

  #balancer(label = ''): Promise<Balancer> {
    const known = this.#balancers.get(label) ?? startBalancer()
    this.#balancers.set(label, known)
    return known
  }
}
