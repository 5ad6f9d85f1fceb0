import { readFileSync, writeFileSync } from 'node:fs'
import { type Pipeline, type RecordOptions, recordTests, runMappingTests } from '../../src/index.js'
import { recordedYaml } from '../../src/ui/recorded-yaml.js'

/** Records rows of all entities, appends them to the file and gives what `etl test` says of it. */
export async function recorded(file: string, options: Partial<RecordOptions>, load: () => Promise<Pipeline>) {
  const { spec } = await load()
  const all = []
  for (const { name } of spec.entities) all.push(await recordTests(await load(), { entity: name, rows: 4, ...options }))
  const tests = all.flatMap(each => each.tests)
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, `${text}\n${recordedYaml({ tests, notes: all.flatMap(each => each.notes) })}`)
  const report = await runMappingTests(await load())
  writeFileSync(file, text)
  return { tests, problems: report.tests.flatMap(each => each.problems), count: report.tests.length }
}
