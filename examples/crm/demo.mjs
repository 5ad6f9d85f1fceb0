// The demo of the README: a legacy CRM of 211,000 dirty rows into a clean schema, by the real command line.
import { spawn } from 'node:child_process'
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { generate } from './generate.mjs'

const QUARANTINED = 3

const here = dirname(fileURLToPath(import.meta.url))
const folder = join(here, '.etl')
const cli = join(here, '../../dist/cli.js')
const shown = path => relative(process.cwd(), path) || '.'

if (!existsSync(cli)) {
  console.error('dist/cli.js is missing: run `npm run build` first')
  process.exit(1)
}

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true, mode: 0o700 })
const rows = generate(join(folder, 'legacy.sqlite'))
const clean = new Database(join(folder, 'clean.sqlite'))
clean.exec(readFileSync(join(here, 'schema.sql'), 'utf8'))
clean.close()
console.log(
  `${shown(join(folder, 'legacy.sqlite'))}: ${rows.toLocaleString('en-US')} rows in 6 tables, as old as they look\n`,
)

const pipeline = shown(join(here, 'pipeline.yaml'))
console.log(`$ etl run ${pipeline} --yes`)
const code = await etl('run', pipeline, '--yes')
if (code !== QUARANTINED) {
  console.error(`\nthe demo expected exit code ${QUARANTINED} (rows in quarantine), not ${code}`)
  process.exit(code === 0 ? 1 : code)
}

const runs = join(folder, 'crm', 'runs')
const quarantine = join(runs, readdirSync(runs)[0], 'quarantine')
const first = await firstLine(join(quarantine, 'customers.ndjson'))
console.log(`
Exit code 3: everything is loaded but the rows in quarantine. One of them:

  ${first}

Next, try

  head -n 3 ${shown(join(quarantine, 'order_items.ndjson'))}
  node ${shown(cli)} plan ${pipeline}
  node ${shown(cli)} graph ${pipeline}
  node ${shown(cli)} run ${pipeline} --dry-run --limit 1000

or change ${pipeline} and run \`npm run demo\` again.`)

function etl(...args) {
  const child = spawn(process.execPath, [cli, ...args], { stdio: 'inherit' })
  // The command line finishes its batch and says how to go on; this process only waits for it.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (exit, signal) => resolve(exit ?? (signal === null ? 1 : 130)))
  })
}

async function firstLine(file) {
  for await (const line of createInterface({ input: createReadStream(file) })) return line
  return ''
}
