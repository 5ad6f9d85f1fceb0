import { spawn } from 'node:child_process'
import { appendFileSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { EngineServer } from '../support/engine-server.js'
import { Random } from '../support/random.js'
import { openEngine } from '../torture/engines.js'
import { abis, abisRehearsal } from './abis/abis.js'
import { abparts } from './abparts/abparts.js'
import { fitness } from './fitness/fitness.js'
import { junmai } from './junmai/junmai.js'
import { restorelog } from './restorelog/restorelog.js'
import type { System } from './system.js'

const { values } = parseArgs({
  options: {
    scale: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    engine: { type: 'string' },
    workers: { type: 'string', default: '2' },
  },
})
const cli = resolve('dist/cli.js')
const postgres = await openEngine('postgres')
const systems = [restorelog, junmai, abparts, abisRehearsal, abis, fitness].filter(
  system => values.only === undefined || values.only.split(',').includes(system.name),
)

interface Line {
  readonly system: string
  readonly rows: string
  readonly time: string
  readonly claim: string
  readonly verdict: string
  readonly undo: string
}

const lines: Line[] = []
let databases = 0
let engine: EngineServer | undefined
try {
  engine = await openedEngine()
  for (const system of systems) lines.push(await whole(system, engine))
} finally {
  await engine?.stop()
  await postgres.stop()
}
console.log(tableOf(lines))
process.exitCode = lines.every(line => /^(verified|not-verifiable)$/.test(line.verdict) && line.undo === 'as before')
  ? 0
  : 1

/** pg-boss in a database of the server that the systems use. */
async function openedEngine(): Promise<EngineServer | undefined> {
  if (values.engine === undefined) return undefined
  return EngineServer.open(values.engine, cli, async () => ({
    url: String((await postgres.create('engine', '.')).url),
  }))
}

/** Builds the system from nothing, runs it, verifies it, takes it back and looks whether all is as it was. */
async function whole(system: System, engine: EngineServer | undefined): Promise<Line> {
  const dir = mkdtempSync(join(tmpdir(), `etl-${system.name}-`))
  const random = new Random(Number(values.seed))
  const built = await system.build({
    dir,
    random,
    scale: Number(values.scale),
    database: async () => {
      const place = await postgres.create(`system_${++databases}`, dir)
      return { url: String(place.url), exec: place.exec, rows: place.rows }
    },
  })
  try {
    copyFileSync(join('pipelines', `${system.name}.yaml`), join(dir, 'pipeline.yaml'))
    const flags = system.flags ?? []
    const etl = (...args: string[]): Promise<Ran> => run([...args, 'pipeline.yaml', ...flags], dir, built.env)
    const before = await built.state()
    const ran = await moved(built.env, dir, engine, flags)
    const result = JSON.parse(ran.stdout.trimEnd().split('\n').at(-1) ?? '{}') as {
      readonly counts?: { readonly read: number; readonly quarantined: number }
    }
    const { read = 0, quarantined = 0 } = result.counts ?? {}
    const verified = await etl('verify', '--json')
    const verdict =
      (JSON.parse(verified.stdout || '{}') as { readonly state?: string }).state ?? `exit ${verified.code}`
    const undone = await etl('undo', 'last', '--yes')
    const same = (await built.state()) === before
    return {
      system: [system.name, ...flags].join(' '),
      rows: `${read.toLocaleString('en')}${quarantined > 0 ? ` (${quarantined} put aside)` : ''}`,
      time: `${ran.seconds.toFixed(1)} s`,
      claim: system.claim,
      verdict: ran.code === 0 || ran.code === 3 ? verdict : `run: exit ${ran.code} ${lastLine(ran.stderr)}`,
      undo: undone.code !== 0 ? `exit ${undone.code} ${lastLine(undone.stderr)}` : same ? 'as before' : 'DIFFERENT',
    }
  } finally {
    await built.close?.()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Here, or by workers that begin in the same folder. */
async function moved(
  env: Readonly<Record<string, string>>,
  dir: string,
  engine: EngineServer | undefined,
  flags: readonly string[],
): Promise<Ran> {
  const args = ['run', '--yes', '--json', '--verify', 'none', 'pipeline.yaml', ...flags]
  if (engine === undefined) return run(args, dir, env)
  // Some systems are files: all workers see the same ones.
  appendFileSync(join(dir, 'pipeline.yaml'), '\nengine: { shared: true }\n')
  return engine.withWorkers(Number(values.workers), dir, env, () => run([...args, '--engine', engine.url], dir, env))
}

interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly seconds: number
}

function run(args: readonly string[], cwd: string, env: Readonly<Record<string, string>>): Promise<Ran> {
  const started = performance.now()
  return new Promise(done => {
    const child = spawn(process.execPath, [cli, ...args], { cwd, env: { ...process.env, ...env } })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', text => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', text => {
      stderr += text
    })
    child.on('close', code => done({ code, stdout, stderr, seconds: (performance.now() - started) / 1000 }))
  })
}

function lastLine(text: string): string {
  return (
    text
      .trimEnd()
      .split('\n')
      .find(line => line.startsWith('✖')) ?? ''
  )
}

function tableOf(rows: readonly Line[]): string {
  const titles = {
    system: 'system',
    rows: 'rows',
    time: 'run',
    claim: 'by hand',
    verdict: 'verify',
    undo: 'after undo',
  }
  const keys = Object.keys(titles) as (keyof Line)[]
  const all: readonly Line[] = [titles, ...rows]
  const widths = keys.map(key => Math.max(...all.map(row => row[key].length)))
  return all.map(row => keys.map((key, i) => row[key].padEnd(widths[i] ?? 0)).join('  ')).join('\n')
}
