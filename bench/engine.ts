import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { initEngine, openEngine } from '../src/engine/open.js'
import type { Bench } from './bench.js'
import { cpuSeconds } from './cpu.js'
import { makeSqlite } from './dataset.js'

const WORKERS = 4
const WAIT_MS = 200
const SLOTS = [8, 50, 200]
/** Each slot does so many chunks: five seconds. */
const CHUNKS_EACH = 25
const GOAL = 0.8
const MICROSECONDS = 20

/** The engine by its figures: chunks that only wait, and rows that take processors, over four workers. */
export async function engine(bench: Bench): Promise<void> {
  await waiting(bench)
  await computing(bench)
}

async function prepared(bench: Bench): Promise<{ readonly url: string; readonly server: readonly number[] }> {
  const { url, pid } = await bench.postgres()
  await bench.psql('drop schema if exists etl_engine cascade')
  await initEngine(url)
  return { url, server: pid === undefined ? [] : [pid] }
}

export async function waiting(bench: Bench): Promise<void> {
  const { url, server } = await prepared(bench)
  console.log(
    `\nchunks that wait ${WAIT_MS} ms, ${WORKERS} workers, ${CHUNKS_EACH} chunks a slot (goal ≥ ${GOAL * 100} %)\n`,
  )
  console.log(
    '| slots | chunks | ideal, s | took, s | chunks/s | of the ideal | processors, ms a chunk: workers | server | submitter |',
  )
  console.log('|---|---|---|---|---|---|---|---|---|')
  const submitter = await openEngine(url, { applicationName: 'etl bench' })
  for (const slots of SLOTS) {
    const workers = await Promise.all(
      Array.from({ length: WORKERS }, (_, i) =>
        started(fileURLToPath(new URL('./engine-worker.js', import.meta.url)), [
          url,
          String(Math.floor(slots / WORKERS) + (i < slots % WORKERS ? 1 : 0)),
          String(WAIT_MS),
        ]),
      ),
    )
    const chunks = slots * CHUNKS_EACH
    const never = new AbortController().signal
    const pids = workers.map(({ pid = 0 }) => pid)
    const [own, workersBefore, serverBefore] = [process.cpuUsage(), cpuSeconds(pids), cpuSeconds(server)]
    const begun = performance.now()
    await Promise.all(
      Array.from({ length: chunks }, (_, n) =>
        submitter.execute({ id: `${slots}/${begun}/${n}`, kind: 'chunk', run: `bench-${slots}`, data: { n } }, never),
      ),
    )
    const seconds = (performance.now() - begun) / 1000
    const { user, system } = process.cpuUsage(own)
    const processors = [cpuSeconds(pids) - workersBefore, cpuSeconds(server) - serverBefore, (user + system) / 1e6]
    const ideal = (CHUNKS_EACH * WAIT_MS) / 1000
    console.log(
      `| ${slots} | ${chunks} | ${ideal.toFixed(1)} | ${seconds.toFixed(2)} | ${(chunks / seconds).toFixed(0)} | **${((100 * ideal) / seconds).toFixed(0)} %** | ${processors.map(s => ((1000 * s) / chunks).toFixed(2)).join(' | ')} |`,
    )
    await Promise.all(workers.map(left))
  }
  await submitter.close()
}

export async function computing(bench: Bench): Promise<void> {
  const { url, server } = await prepared(bench)
  const folder = join(bench.dir, 'engine')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  const file = await bench.sqlite()
  await makeSqlite(file, bench.rows)
  cpSync(file, join(folder, 'orders.sqlite'))
  writeFileSync(join(folder, 'slow.mjs'), slowModule())
  writeFileSync(join(folder, 'pipeline.yaml'), yaml(url))
  const took: number[] = []
  console.log(
    `\n${bench.rows.toLocaleString('en-US')} rows SQLite → PostgreSQL, ${MICROSECONDS} µs of a processor a row\n`,
  )
  for (const count of [1, WORKERS]) {
    await bench.freshPostgres(
      'drop table if exists spun; create table spun (id bigint primary key, customer text, spun bigint)',
    )
    const args = ['worker', '--engine', url, '--concurrency', '1', '--allow-code']
    const workers = await Promise.all(Array.from({ length: count }, () => started(bench.cli, args, folder, 'ready')))
    const pids = [...workers.map(({ pid = 0 }) => pid), ...server]
    const before = cpuSeconds(pids)
    const begun = performance.now()
    await bench.command(
      ['run', 'pipeline.yaml', '--yes', '--progress', 'none', '--allow-code', '--engine', url],
      folder,
    )
    took.push((performance.now() - begun) / 1000)
    const processors = cpuSeconds(pids) - before
    console.log(
      `${count} ${count === 1 ? 'worker' : 'workers'}: ${took.at(-1)?.toFixed(1)} s (${processors.toFixed(1)} s of processors, with the server's)`,
    )
    await Promise.all(workers.map(left))
  }
  console.log(`${((took[0] ?? 0) / (took[1] ?? 1)).toFixed(2)} times as fast`)
}

function yaml(url: string): string {
  return `version: 1
name: spin
sources: { old: { type: sqlite, path: orders.sqlite } }
target: ${JSON.stringify({ type: 'postgres', url })}
engine: { shared: true }
backup: false
entities:
  orders:
    from: orders
    to: spun
    chunks: 16
    rest: ignore
    fields:
      id: id
      customer: customer
      spun: { from: id, apply: [{ module: ./slow.mjs#spin }], type: integer }
`
}

/** As much arithmetic as takes so long on this machine: the same for one worker and for four. */
function slowModule(): string {
  const spin = (turns: number): number => {
    let x = 1
    for (let i = 0; i < turns; i++) x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0
    return x
  }
  spin(5_000_000)
  const begun = process.cpuUsage()
  spin(50_000_000)
  const turns = Math.round((50_000_000 / process.cpuUsage(begun).user) * MICROSECONDS)
  return `export const spin = {
  arguments: ['integer'],
  result: 'integer',
  examples: [{ in: 1, out: ${spin(turns)} }],
  call: id => {
    let x = Number(id) | 0
    for (let i = 0; i < ${turns}; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0
    return x
  },
}
`
}

async function started(script: string, args: readonly string[], cwd?: string, word = 'ready'): Promise<ChildProcess> {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  })
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('close', () => process.off('exit', kill))
  let told = ''
  await new Promise<void>((resolve, reject) => {
    const hear = (text: unknown): void => {
      told += String(text)
      if (/: E\d{3} |internal error/.test(String(text))) process.stderr.write(String(text))
      if (told.includes(word)) resolve()
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('close', code => reject(new Error(`a worker ended with ${code}: ${told}`)))
  })
  return child
}

async function left(child: ChildProcess): Promise<void> {
  const gone = once(child, 'close')
  child.kill('SIGTERM')
  await gone
}
