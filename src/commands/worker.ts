import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import type { Reach } from '../engine/port.js'
import { type CliCommand, examples } from './command.js'
import { addEngineOption, type EngineFlags, hideEngine, neededEngineUrl } from './engine-options.js'
import type { OutputOptions } from './io.js'
import { addOutputOptions, positive } from './options.js'
import { Terminal } from './terminal.js'
import { withSignals } from './with-signals.js'

interface Flags extends EngineFlags, OutputOptions {
  readonly concurrency: number
  readonly label?: string
  readonly health?: number
  readonly listen?: Place
  readonly advertise?: string
  readonly engineKey?: readonly string[]
  readonly dir: string
  readonly allowCode?: boolean
}

interface Place {
  readonly host?: string
  readonly port: number
}

/** What Restate's own examples listen on. */
const LISTEN_PORT = 9080

export const workerCommand: CliCommand = {
  name: 'worker',
  summary: 'do the work of runs that others hand over',
  configure: (command, io, finish) => {
    addWorkerOptions(command)
      .addHelpText(
        'after',
        `
A worker finds pipeline files below --dir, and resolves their variables from its own environment: what it is sent holds
no secret. It refuses work where its files or its version are not those of whoever began the run. SIGTERM: it finishes
the batches in work and hands the rest back.

A Restate calls its workers, at one address for all of them: --advertise names the balancer in front of them.
${examples([
  ['etl worker --engine postgres://etl@pg/etl', 'in the folder of the pipeline files'],
  ['etl worker --concurrency 8 --label oracle-net', 'pipelines that say `engine: { label: oracle-net }`'],
  ['etl worker --health :8081', '/healthz and /readyz for a supervisor'],
  ['etl worker --engine restate://restate --advertise http://etl-workers:9080', 'many behind a balancer'],
])}`,
      )
      .action(async (flags: Flags) => {
        const terminal = new Terminal(io, flags)
        finish(await terminal.perform(() => work(flags, terminal)))
      })
  },
}

function addWorkerOptions(command: Command): Command {
  return addOutputOptions(addEngineOption(command, 'where the work comes from'))
    .option('--concurrency <n>', 'chunks at a time', positive, 4)
    .option('--label <name>', 'take only the work of pipelines with this label')
    .option('--health <port>', 'answer /healthz and /readyz on this port, `:8081` or `8081`', port)
    .option(
      '--listen <place>',
      'where a Restate reaches this process, `:9080` or `10.0.0.5:9080` (default: :9080)',
      place,
    )
    .option('--advertise <url>', 'where it reaches all workers (default: this machine, by its name)', httpUrl)
    .option('--engine-key <key...>', 'answer only a Restate that signs by this public key')
    .option('--dir <folder>', 'where pipeline files are found', '.')
    .option('--allow-code', "load functions of your own from a pipeline's folder")
    .option('--quiet', 'only errors')
}

async function work(flags: Flags, terminal: Terminal): Promise<number> {
  const { io } = terminal
  const { concurrency, label } = flags
  const url = neededEngineUrl(flags, io)
  await hideEngine(url, terminal)
  const { openEngine, serveHealth, startWorker } = await import('../index.js')
  const log = (line: string): void => {
    if (flags.quiet !== true) terminal.err(`${new Date().toISOString()} ${line}\n`)
  }
  const engine = await openEngine(url, { applicationName: 'etl worker', serves: concurrency })
  try {
    const worker = await startWorker(engine, {
      env: io.env,
      folder: resolve(io.cwd, flags.dir),
      concurrency,
      reach: reachOf(flags, hostname()),
      log,
      ...(label === undefined ? {} : { label }),
      ...(flags.allowCode === undefined ? {} : { allowCode: flags.allowCode }),
    })
    await withSignals(async signal => {
      const state = async () => ({
        ready:
          !signal.aborted &&
          (await engine
            .facts()
            .then(() => true)
            .catch(() => false)),
        active: worker.active,
        concurrency,
      })
      const health = flags.health === undefined ? undefined : await serveHealth(flags.health, state)
      log(`ready, ${concurrency} at a time${label === undefined ? '' : `, label ${label}`}`)
      await new Promise<void>(ended => signal.addEventListener('abort', () => ended(), { once: true }))
      log('leaving: finishes the batches in work and hands the rest back')
      await worker.drain()
      await health?.close()
    })
    log('left')
    return 0
  } finally {
    await engine.close()
  }
}

/** @param machine its name, where the flags name no address */
export function reachOf(
  { listen = { port: LISTEN_PORT }, advertise, engineKey: keys }: Pick<Flags, 'listen' | 'advertise' | 'engineKey'>,
  machine: string,
): Reach {
  const host = listen.host ?? machine
  return {
    ...listen,
    advertise: advertise ?? `http://${host.includes(':') ? `[${host}]` : host}:${listen.port}`,
    ...(keys === undefined ? {} : { keys }),
  }
}

function place(value: string): Place {
  const [, host, number = ''] = /^(?:\[?([^\]]+?)\]?:|:)?(\d+)$/.exec(value) ?? []
  return { ...(host === undefined ? {} : { host }), port: port(number) }
}

function httpUrl(value: string): string {
  if (!URL.canParse(value) || !/^https?:\/\//.test(value)) {
    throw new InvalidArgumentError('It must look like http://etl-workers:9080.')
  }
  return value
}

function port(value: string): number {
  const number = Number(value.replace(/^:/, ''))
  if (!/^:?\d+$/.test(value) || number > 65_535) throw new InvalidArgumentError('It must look like :8081.')
  return number
}
