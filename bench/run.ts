import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { startPostgres } from '../test/support/postgres-server.js'
import { COLUMNS, makeSource, pipelineYaml, TARGET_DDL } from './dataset.js'
import { type Measured, measure, median } from './measure.js'

/**
 * SQLite → PostgreSQL, 8 transforms, ledger and checkpoint on, against `\copy` of the finished file by psql, both as whole
 * commands, taking turns. Absolute times depend on the machine; the ratio is the result.
 *
 * BENCH_ROWS (default 1,000,000) and BENCH_ROUNDS (default 3) change the size.
 */
const rows = Number(process.env.BENCH_ROWS ?? 1_000_000)
const rounds = Number(process.env.BENCH_ROUNDS ?? 3)
const cli = resolve('dist/cli.js')

const server = await startPostgres({ fsync: true })
const dir = join(tmpdir(), 'etl-bench')
mkdirSync(dir, { recursive: true })
try {
  const source = join(dir, `orders-${rows}.sqlite`)
  console.log(
    `source: ${rows.toLocaleString('en-US')} rows × ${COLUMNS} columns; target: ${server.version} (${server.kind})`,
  )
  await makeSource(source, rows)
  const finished = join(dir, 'finished.tsv')
  await sql(`drop table if exists orders; ${TARGET_DDL}`)
  await etl(source, { ledger: true })
  await must('psql', [server.url, '-qc', `\\copy orders to '${finished}'`])
  console.log(`finished file: ${(statSync(finished).size / 1e6).toFixed(0)} MB`)
  const copies: Measured[] = []
  const runs: Measured[] = []
  const one: Measured[] = []
  const bare: Measured[] = []
  for (let round = 1; round <= rounds; round++) {
    await fresh()
    copies.push(await must('psql', [server.url, '-qc', `\\copy orders from '${finished}'`]))
    await fresh()
    runs.push(await etl(source, { ledger: true }))
    await fresh()
    one.push(await etl(source, { ledger: true, chunks: 2 }))
    await fresh()
    bare.push(await etl(source, { ledger: false }))
    console.log(
      `round ${round}: \\copy ${time(copies.at(-1))}, etl ${time(runs.at(-1))}, in two ranges ${time(one.at(-1))}, and without ledger ${time(bare.at(-1))}`,
    )
  }
  const limit = median(copies.map(run => run.seconds))
  const ours = median(runs.map(run => run.seconds))
  const single = median(one.map(run => run.seconds))
  const without = median(bare.map(run => run.seconds))
  const peak = Math.max(...runs.map(run => run.peakMb))
  console.log('')
  console.log(`\\copy of the finished file   ${limit.toFixed(2)} s`)
  console.log(
    `etl run, ledger on           ${ours.toFixed(2)} s   ratio ${(ours / limit).toFixed(2)}   (goal ≤ 2.3)   ${Math.round(rows / ours).toLocaleString('en-US')} rows/s`,
  )
  console.log(`etl run in two ranges        ${single.toFixed(2)} s   ratio ${(single / limit).toFixed(2)}`)
  console.log(
    `etl run without ledger       ${without.toFixed(2)} s   ledger and checkpoint cost ${((ours / without - 1) * 100).toFixed(1)} %`,
  )
  console.log(`peak memory of etl           ${peak} MB   (goal < 250)`)
} finally {
  await server.stop()
}

async function fresh(): Promise<void> {
  await sql(
    'drop table if exists orders; drop table if exists etl_run, etl_batch, etl_chunk, etl_reject, etl_identity, etl_audit; ' +
      TARGET_DDL +
      '; checkpoint',
  )
}

async function sql(text: string): Promise<void> {
  await must('psql', [server.url, '-qc', 'set client_min_messages = warning', '-c', text])
}

async function etl(source: string, options: { readonly ledger: boolean; readonly chunks?: number }): Promise<Measured> {
  const folder = join(dir, 'run')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  writeFileSync(join(folder, 'pipeline.yaml'), pipelineYaml(source, server.url, options))
  return must(process.execPath, [cli, 'run', 'pipeline.yaml', '--yes', '--progress', 'none'], folder)
}

async function must(command: string, args: readonly string[], cwd?: string): Promise<Measured> {
  const result = await measure(command, args, cwd === undefined ? {} : { cwd })
  if (result.code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${result.code}: ${result.stderr}`)
  return result
}

function time(run: Measured | undefined): string {
  return `${run?.seconds.toFixed(2)} s`
}
