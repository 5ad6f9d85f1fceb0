import { existsSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'
import { Bench } from './bench.js'
import { COLUMNS } from './dataset.js'
import { engine } from './engine.js'
import { type Measured, median } from './measure.js'
import { memory } from './memory.js'
import type { Path } from './path.js'
import { backup } from './paths/backup.js'
import { csvToPostgres } from './paths/csv-to-postgres.js'
import { ledger } from './paths/ledger.js'
import { lobs } from './paths/lobs.js'
import { mysqlToPostgres } from './paths/mysql-to-postgres.js'
import { pgloader } from './paths/pgloader.js'
import { plan } from './paths/plan.js'
import { postgresToMysql } from './paths/postgres-to-mysql.js'
import { postgresToPostgres } from './paths/postgres-to-postgres.js'
import { sqliteToPostgres } from './paths/sqlite-to-postgres.js'
import { sqliteToSqlite } from './paths/sqlite-to-sqlite.js'
import { upsert } from './paths/upsert.js'
import { verify } from './paths/verify.js'

/**
 * `npm run bench [-- PATH…] [--rounds N] [--rows N] [--check | --profile]`: each path against the fastest way its databases have, both as
 * whole commands, taking turns. Times depend on the machine and its other work; the ratio of the medians is the result, and
 * beside it that of the processor time, ours and the servers', which other work changes less.
 *
 * `--check` fails where a ratio is more than twice its goal, and would be even with two processors busy all the time, start-up
 * left out, or memory more than twice 200 MB: what no other work on the machine explains.
 *
 * `--profile` races nobody: one run of each path writes `.cpuprofile` files, one a thread.
 *
 * `memory` is no race but one run, whose memory is told; `engine` is four workers by their figures. They are named, or left out.
 */
const paths: readonly Path[] = [
  sqliteToPostgres,
  postgresToPostgres,
  mysqlToPostgres,
  postgresToMysql,
  sqliteToSqlite,
  csvToPostgres,
  upsert,
  ledger,
  pgloader,
  lobs,
  verify,
  plan,
  backup,
]
const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: 'string', default: process.env.BENCH_ROWS ?? '1000000' },
    rounds: { type: 'string', default: process.env.BENCH_ROUNDS ?? '5' },
    check: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
  },
})
const rows = Number(values.rows)
const rounds = Number(values.rounds)
const PEAK_MB = 200
/** A million rows spread it thin, few do not. */
const START_UP_SECONDS = 1
const known = [...paths.map(path => path.name), 'memory', 'engine']
const unknown = names.filter(name => !known.includes(name))
if (unknown.length > 0) throw new Error(`no path ${unknown.join(', ')}; there are ${known.join(', ')}`)

const bench = new Bench(rows)
const lines: Line[] = []
const failed: string[] = []
try {
  console.log(`${rows.toLocaleString('en-US')} rows × ${COLUMNS} columns, 8 transforms, ${rounds} rounds\n`)
  for (const path of paths) {
    if (names.length > 0 && !names.includes(path.name)) continue
    if (path.program !== undefined && !isInstalled(path.program)) {
      console.log(`${path.name}: left out, ${path.program} is not installed`)
      continue
    }
    try {
      if (values.profile) await profile(path)
      else lines.push(...(await run(path)))
    } catch (error) {
      // One path that breaks takes an hour of others with it otherwise.
      failed.push(`${path.name}: ${error instanceof Error ? error.message : String(error)}`)
      console.error(failed.at(-1))
    }
  }
  if (names.includes('memory')) await memory(bench)
  if (names.includes('engine')) await engine(bench)
} finally {
  await bench.stop()
}
if (lines.length > 0) {
  console.log(
    `\n| path | limit | limit, s | ours, s | ratio | goal | spread of ours | processors: limit, s | ours, s | ratio | peak | memory by quarters of the run |`,
  )
  console.log('|---|---|---|---|---|---|---|---|---|---|---|---|')
  for (const line of lines) console.log(line.text)
}
if (values.check) {
  for (const { name, ratios, goal, peakMb, bounded } of lines) {
    // Other ways of a path are shown, not held to its goal.
    if (!known.includes(name)) continue
    const least = Math.min(...ratios)
    if (least > 2 * goal) failed.push(`${name}: ${least.toFixed(2)}, more than twice ${goal}`)
    if (bounded && peakMb > 2 * PEAK_MB) failed.push(`${name}: ${peakMb} MB, more than twice ${PEAK_MB}`)
  }
}
for (const failure of failed) console.error(failure)
if (failed.length > 0) process.exitCode = 1

interface Line {
  readonly name: string
  /** Of time, and of the least time that our processor time takes two of them; without our start-up. */
  readonly ratios: readonly number[]
  readonly goal: number
  readonly peakMb: number
  /** Memory does not grow with what a row holds. */
  readonly bounded: boolean
  readonly text: string
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some(folder => existsSync(join(folder, program)))
}

/** Each thread of one run of ours leaves a file for the browser's performance tools (or speedscope.app). */
async function profile(path: Path): Promise<void> {
  const round = await path.prepare(bench)
  await round.fresh()
  bench.profiles = join(bench.dir, 'profiles', path.name)
  rmSync(bench.profiles, { recursive: true, force: true })
  const { seconds, cpuSeconds } = await round.ours()
  console.log(
    `${path.name}: ${seconds.toFixed(2)} s (${cpuSeconds.toFixed(2)} s of processors), profiles in ${bench.profiles}`,
  )
  bench.profiles = undefined
}

async function run(path: Path): Promise<Line[]> {
  const round = await path.prepare(bench)
  const also = Object.entries(round.also ?? {})
  const limits: Measured[] = []
  const ours: Measured[] = []
  const others = also.map((): Measured[] => [])
  for (let turn = 1; turn <= rounds; turn++) {
    await round.fresh()
    limits.push(await round.limit())
    await round.fresh()
    ours.push(await round.ours())
    for (const [i, [, other]] of also.entries()) {
      await round.fresh()
      others[i]?.push(await other())
    }
    const shown = [limits, ours, ...others].map(
      runs => `${runs.at(-1)?.seconds.toFixed(2)} s (${runs.at(-1)?.cpuSeconds.toFixed(2)} s of processors)`,
    )
    console.log(`${path.name}, round ${turn}: limit ${shown[0]}, ours ${shown.slice(1).join(', ')}`)
  }
  return [
    line(path, path.name, limits, ours),
    ...also.map(([name], i) => line(path, `${path.name}, ${name}`, limits, others[i] ?? [])),
  ]
}

function line(path: Path, name: string, limits: readonly Measured[], ours: readonly Measured[]): Line {
  const seconds = ours.map(one => one.seconds)
  const limit = median(limits.map(one => one.seconds))
  const cpu = median(ours.map(one => one.cpuSeconds))
  const limitCpu = median(limits.map(one => one.cpuSeconds))
  const ratio = median(seconds) / limit
  const peakMb = Math.max(...ours.map(one => one.peakMb))
  const cells = [
    name,
    path.limit.replaceAll('|', '\\|'),
    limit.toFixed(2),
    median(seconds).toFixed(2),
    `**${ratio.toFixed(2)}**`,
    `≤ ${path.goal}`,
    `${Math.min(...seconds).toFixed(2)} – ${Math.max(...seconds).toFixed(2)}`,
    limitCpu.toFixed(2),
    cpu.toFixed(2),
    limitCpu === 0 ? '' : (cpu / limitCpu).toFixed(2),
    `${peakMb} MB`,
    ours.at(-1)?.quartersMb.join(', ') ?? '',
  ]
  const ratios = [
    (median(seconds) - START_UP_SECONDS) / limit,
    ...(limitCpu === 0 ? [] : [(cpu - START_UP_SECONDS) / 2 / limitCpu]),
  ]
  return { name, ratios, goal: path.goal, peakMb, bounded: path !== lobs, text: `| ${cells.join(' | ')} |` }
}
