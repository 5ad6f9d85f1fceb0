import { setTimeout as sleep } from 'node:timers/promises'
import { type EtlOptions, type EtlResult, type StartedEtl, startProcess } from './process.js'

/** A worker that is a process of the built command line. */
export class TestWorker {
  readonly lines: string[] = []
  readonly #process: StartedEtl
  #rest = ''
  #ended = false

  /** Its engine is in the environment, as for everybody. */
  static async start(cli: string, args: readonly string[], options: EtlOptions): Promise<TestWorker> {
    const worker = new TestWorker(startProcess(process.execPath, [cli, 'worker', ...args], options))
    await until(
      'a worker to be ready, or to end',
      () => worker.ended || worker.lines.some(line => / ready/.test(line)) || undefined,
    )
    if (worker.ended) throw new Error(`a worker ended before it was ready: ${worker.lines.join('\n')}`)
    return worker
  }

  private constructor(process: StartedEtl) {
    this.#process = process
    void process.result.then(() => {
      this.#ended = true
    })
    process.child.stderr?.on('data', (text: string) => {
      const [...lines] = `${this.#rest}${text}`.split('\n')
      this.#rest = lines.pop() ?? ''
      this.lines.push(...lines)
    })
  }

  get ended(): boolean {
    return this.#ended
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
  patience = PATIENCE_MS,
): Promise<NonNullable<T>> {
  for (let waited = 0; waited < patience; waited += 100) {
    const found = await look()
    if (found !== undefined && found !== null && found !== false) return found
    await sleep(100)
  }
  throw new Error(`waited in vain for ${what}`)
}
