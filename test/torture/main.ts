import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { EngineServer } from '../support/engine-server.js'
import { type Engine, type EngineName, openEngine, openQueue } from './engines.js'
import { everyHit } from './every-hit.js'
import { migrate, type Outcome } from './migration.js'
import { Strikes } from './strikes.js'
import { migrateSubmitted } from './submitted.js'
import { addOutcome, figures, tableText } from './table.js'

const ENGINES: readonly EngineName[] = ['postgres', 'mysql', 'sqlite']

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string', default: '30' },
    target: { type: 'string', default: ENGINES.join(',') },
    ledger: { type: 'string', default: 'on' },
    'every-hit': { type: 'boolean', default: false },
    engine: { type: 'string' },
    'at-a-time': { type: 'string', default: '4' },
    verbose: { type: 'boolean', default: false },
  },
})

const seed = Number(values.seed ?? Date.now() % 1_000_000_000)
const runs = Number(values.runs)
const ledger = values.ledger !== 'off'
const targets = ENGINES.filter(name => values.target.split(',').includes(name))
const say = (line: string): void => console.log(line)
const cli = resolve('dist/cli.js')

const engines = new Map<EngineName, Engine>()
for (const name of ENGINES) engines.set(name, await openEngine(name))
say(`torture: --seed ${seed} --runs ${runs}; ${[...engines.values()].map(e => `${e.name} ${e.version}`).join(', ')}`)

const servers: { stop(): Promise<unknown> }[] = []
const table = figures()
const strikes = new Strikes()
let failures = 0
try {
  if (values['every-hit']) failures = await everyHit({ engines, targets, cli, table, say })
  else {
    const server = await workersEngine()
    // Workers are missed after ten seconds: most of a migration is waiting.
    const lanes = server === undefined ? 1 : Number(values['at-a-time'])
    let next = 0
    const lane = async (): Promise<void> => {
      while (next < runs) await torture(next++, server)
    }
    await Promise.all(Array.from({ length: lanes }, lane))
  }
} finally {
  for (const engine of [...engines.values(), ...servers]) await engine.stop()
}
say(`\n${tableText(table)}`)
if (!values['every-hit']) say(`\n${strikes.text()}`)
for (const kind of strikes.missing(runs)) {
  failures++
  say(`FAILED ${kind}: planned, and never struck`)
}
if (ledger) {
  say(failures === 0 ? `\nall exact; seed ${seed}` : `\n${failures} failed; seed ${seed}`)
  process.exitCode = failures === 0 ? 0 : 1
} else {
  // The harness must be able to see what the ledger prevents.
  say(
    failures > 0
      ? `\nwithout a ledger ${failures} of ${runs} were corrupted, and it was seen`
      : '\nno corruption was seen',
  )
  process.exitCode = failures > 0 ? 0 : 1
}

/** pg-boss in a server of its own. */
async function workersEngine(): Promise<EngineServer | undefined> {
  if (values.engine === undefined) return undefined
  const opened = await EngineServer.open(values.engine, cli, openQueue)
  servers.push(opened)
  return opened
}

/** Each run has a seed and a target of its own, so that one can be played again alone. */
async function torture(run: number, server: EngineServer | undefined): Promise<void> {
  const own = seed + run
  const target = targets[own % targets.length] as EngineName
  const log = values.verbose ? say : undefined
  let outcome: Outcome | undefined
  let problems: readonly string[]
  try {
    const options = { seed: own, engines, target, cli, ledger, ...(log === undefined ? {} : { log }) }
    outcome = await (server === undefined ? migrate(options) : migrateSubmitted({ ...options, engine: server }))
    problems = outcome.problems
    addOutcome(table, outcome)
    strikes.add(outcome)
  } catch (error) {
    problems = [error instanceof Error ? (error.stack ?? error.message) : String(error)]
  }
  const what =
    outcome === undefined
      ? ''
      : `${outcome.source} to ${outcome.target}: ${outcome.happened.join(', ') || 'no fault hit'}`
  say(`${run + 1}/${runs} ${problems.length === 0 ? 'ok' : 'FAILED'} seed ${own} ${what}`)
  if (problems.length === 0) return
  failures++
  const engine = values.engine === undefined ? '' : ` --engine ${values.engine}`
  for (const problem of problems) say(`    ${problem}`)
  say(
    `    again: npm run torture -- --seed ${own} --runs 1 --target ${target}${engine}${ledger ? '' : ' --ledger off'} --verbose`,
  )
}
