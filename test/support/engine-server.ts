import { startProcess } from './process.js'
import { TestWorker } from './test-worker.js'

/** An engine in a database of its own, and workers for one folder after the other. */
export class EngineServer {
  readonly url: string
  readonly #cli: string

  private constructor(url: string, cli: string) {
    this.url = url
    this.#cli = cli
  }

  /** @param url of a PostgreSQL database that is there; what the engine needs is created in it */
  static async open(url: string, cli: string): Promise<EngineServer> {
    const { code, stderr } = await startProcess(process.execPath, [cli, 'engine', 'init', '--engine', url], {
      cwd: '.',
    }).result
    if (code !== 0) throw new Error(`etl engine init: ${stderr}`)
    return new EngineServer(url, cli)
  }

  worker(dir: string, env: Readonly<Record<string, string>>, ...args: string[]): Promise<TestWorker> {
    return TestWorker.start(this.#cli, args, { cwd: dir, env: { ...env, ETL_ENGINE: this.url } })
  }

  /** So many at the work of one folder, until it is done. */
  async withWorkers<T>(
    count: number,
    dir: string,
    env: Readonly<Record<string, string>>,
    work: () => Promise<T>,
  ): Promise<T> {
    const workers = await Promise.all(Array.from({ length: count }, () => this.worker(dir, env, '--concurrency', '2')))
    try {
      return await work()
    } finally {
      await Promise.all(workers.map(worker => worker.kill('SIGTERM')))
    }
  }
}
