import type { Measured } from '../measure.js'
import type { Path } from '../path.js'

const TABLES = 500
const SECONDS = 3

/** What a plan of many tables takes, all of them looked up in the source and in the target. */
export const plan: Path = {
  name: 'plan',
  limit: `${SECONDS} s for ${TABLES} tables`,
  goal: 1,
  async prepare(bench) {
    const { url } = await bench.postgres()
    const numbers = Array.from({ length: TABLES }, (_, i) => i + 1)
    const table = (name: string): string =>
      `drop table if exists ${name}; create table ${name} (id bigint primary key, code varchar(20) not null unique, name text, made timestamp)`
    await bench.psql(...numbers.map(n => `${table(`plan_old_${n}`)}; ${table(`plan_new_${n}`)}`))
    const entities = numbers.map(
      n =>
        `  e${n}: { from: plan_old_${n}, to: plan_new_${n}, fields: { id: id, code: { from: code, apply: [trim] }, name: name, made: made } }\n`,
    )
    const block = JSON.stringify({ type: 'postgres', url })
    const yaml = `version: 1\nname: plan\nsources: { old: ${block} }\ntarget: ${block}\nentities:\n${entities.join('')}`
    const allowed: Measured = {
      seconds: SECONDS,
      cpuSeconds: 0,
      peakMb: 0,
      quartersMb: [],
      secondsMb: [],
      code: 0,
      stderr: '',
    }
    return {
      fresh: async () => undefined,
      limit: () => Promise.resolve(allowed),
      ours: () => bench.etl(yaml, undefined, ['plan', 'pipeline.yaml']),
    }
  },
}
