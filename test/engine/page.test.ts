import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RESTATE_SDK } from '../../src/engine/restate/driver.js'
import { fences } from '../support/documented.js'
import { ROOT } from '../support/etl.js'
import { KEEP_ALIVE, RESTATE_VERSION } from '../support/restate-server.js'
import { Cluster } from './cluster.js'

const PAGE = readFileSync(join(ROOT, 'docs/how-to/many-machines.md'), 'utf8')
const [forPgBoss = '', forRestate = ''] = fences(PAGE, 'sh')

const CRM = `
version: 1
name: crm
sources: { crm: { type: postgres, url: "\${SRC_URL}" } }
target: { type: postgres, url: "\${DST_URL}" }
defaults: { batch_size: 20 }
backup: false
entities: { orders: { from: orders, to: orders, load: upsert, chunks: 2, fields: { id: id, total: total } } }
`

/** The commands of a block, without what is said behind them. */
function commandsIn(block: string): string[] {
  return [...block.matchAll(/^etl (.*?)(?:\s+#.*)?$/gm)].map(match => match[1] ?? '')
}

/** Those of the table, each cell of which may hold several. */
const inTable = [...PAGE.matchAll(/^\| (`etl .*?) \|/gm)].flatMap(([, cell = '']) =>
  [...cell.matchAll(/`etl (.*?)`/g)].map(match => match[1] ?? ''),
)

test('the versions and settings of the page are those that are tested', () => {
  const { peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  expect(forPgBoss).toContain(`pg-boss@${peerDependencies['pg-boss']} `)
  expect(forRestate).toContain(`@restatedev/restate-sdk@${RESTATE_SDK} `)
  expect(forRestate).toContain(`@restatedev/restate-server@${RESTATE_VERSION} `)
  const server = readFileSync(join(ROOT, 'examples/kubernetes/restate.yaml'), 'utf8')
  expect(server).toContain(`restatedev/restate:${RESTATE_VERSION}\n`)
  for (const name of ['interval', 'timeout']) {
    expect(PAGE).toContain(`\`http2-keep-alive-${name} = "${KEEP_ALIVE}"\``)
    expect(server).toContain(`KEEP_ALIVE_${name.toUpperCase()}, value: ${KEEP_ALIVE} }`)
  }
})

describe.each([
  ['pg-boss', forPgBoss],
  ['restate', forRestate],
] as const)('%s', (engine, block) => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await Cluster.start(engine)
    cluster.write('crm.yaml', CRM)
    await cluster.source(`
      create table orders (id int primary key, total int);
      insert into orders select i, i * 3 from generate_series(1, 2000) i; analyze`)
    await cluster.target(`create table orders (id int primary key, total int)`)
  }, 180_000)
  afterAll(() => cluster?.stop())

  async function etl(command: string): Promise<string> {
    const yes = command.startsWith('run ') ? ['--yes'] : []
    const { code, stdout, stderr } = await cluster.etl(...command.split(' '), ...yes)
    expect(code, `${command}: ${stderr}`).toBe(0)
    return stdout
  }

  test('its commands, one after the other, move the rows', async () => {
    const commands = commandsIn(block)
    expect(commands).toContain('run crm.yaml')
    for (const command of commands) {
      const [name, ...args] = command.split(' ')
      if (name === 'worker')
        await cluster.worker(...args.filter((arg, i) => ![arg, args[i - 1]].includes('--advertise')))
      else await etl(command)
    }
    expect(await cluster.target('select count(*)::int, sum(total)::int from orders')).toEqual([[2000, 6_003_000]])
  })

  test('those of its table stop a run and go on with it', async () => {
    expect(inTable).toEqual(expect.arrayContaining(['cancel RUN', 'resume RUN', 'engine check']))
    await cluster.target(`truncate orders;
      create function slowly() returns trigger language plpgsql as $$ begin perform pg_sleep(0.01); return new; end $$;
      create trigger slowly before insert on orders for each row execute function slowly()`)
    let run = ''
    for (const command of inTable) {
      if (command === 'resume RUN') await cluster.target('drop trigger slowly on orders')
      const told = await etl(command.replace('RUN', run))
      if (command.endsWith('--detach')) run = told.trim()
    }
    expect(JSON.parse(await etl(`status ${run} --json`))).toMatchObject({ turn: 2, state: 'done' })
    expect(await cluster.target('select count(*)::int from orders')).toEqual([[2000]])
  })
})
