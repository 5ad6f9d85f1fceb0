import { Option } from 'commander'
import type { MappingTestReport } from '../mapping-test/run-tests.js'
import { type CliCommand, examples } from './command.js'
import type { OutputOptions } from './io.js'
import { openPipeline } from './open-pipeline.js'
import { addOutputOptions, addPipelineOptions, type PipelineOptions, positive, repeatable } from './options.js'
import { saveOutput } from './save-output.js'
import { Terminal } from './terminal.js'
import { type RecordFlags, testRecord } from './test-record.js'
import { included, type SampleFlags, sizes, testSample } from './test-sample.js'

interface Flags extends PipelineOptions, OutputOptions, SampleFlags, RecordFlags {
  readonly entity?: readonly string[]
  readonly junit?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

const NOTES = `
Each of the tests of the file puts one row through the mapping of an entity and compares what comes out. No database is
asked: look-ups and refs find what the test says, columns have the type that their field says, or none. Exit code 0: all
passed, 1: some did not.

With --sample the pipeline itself runs, on so many rows of each entity and on whatever rows these refer to, in a scratch
target: an SQLite file, or a schema or database of its own beside the real tables, which are not written to. Checks, run,
full verification, undo and a comparison with what was there before, for each size; then the scratch is removed. Exit
code 0: all is as it should be, 3: but for rows put aside, 4: a verification or an undo found differences.

With --record rows are read from the source of an entity and written as tests, which pass: paste them under \`tests:\`. What
look-ups and refs find is in them; a row that a ref finds has a number in place of the key that a run would give it.
`

export const testCommand: CliCommand = {
  name: 'test',
  summary: 'run the tests of the file, or rehearse it on samples',
  configure: (command, io, finish) => {
    addOutputOptions(addPipelineOptions(command))
      .option('--entity <name>', 'only tests of this entity (repeatable)', repeatable)
      .option('--junit <file>', 'write JUnit XML as well, for a build server')
      .addOption(
        new Option('--sample <rows>', 'rehearse the pipeline on samples of so many rows (10,100,1000)')
          .argParser(sizes)
          .conflicts(['entity', 'record']),
      )
      .option('--seed <number>', 'with --sample or --record: draw other rows', positive)
      .option('--include <table: sql>', 'with --sample: rows that every sample holds (repeatable)', included)
      .option('--keep', 'with --sample: leave the scratch targets')
      .option('--force', 'with --sample: go on although checks of severity error fail')
      .addOption(
        new Option(
          '--record <entity>',
          'write tests of rows that its source has, with what the mapping makes of them',
        ).conflicts(['entity', 'junit']),
      )
      .option('--rows <number>', 'with --record: how many (default 5)', positive)
      .option('--mask', 'with --record: texts are replaced by others of the same shape')
      .option('-o, --output <file>', 'with --record: write to a file instead of stdout')
      .option('--json', 'one JSON document on stdout')
      .option('--ascii', 'no characters beyond ASCII in marks')
      .addHelpText(
        'after',
        NOTES +
          examples([
            ['etl test', 'the pipeline of this folder'],
            ['etl test crm.yaml --entity customer', 'only tests of one entity'],
            ['etl test crm.yaml --junit tests.xml', 'for a build server'],
            ['etl test crm.yaml --sample 10,100,1000', 'run, verify and undo three samples'],
            ['etl test crm.yaml --record customer --mask', 'tests made of five customers, made unknown'],
          ]),
      )
      .action(async (file: string | undefined, flags: Flags) => {
        const terminal = new Terminal(io, flags)
        finish(
          await terminal.performDocument(
            () => test(file, flags, terminal),
            error => ({ ok: false, ...error }),
          ),
        )
      })
  },
}

async function test(file: string | undefined, flags: Flags, terminal: Terminal): Promise<number> {
  const pipeline = await openPipeline(file, flags, terminal)
  const { sample } = flags
  if (sample !== undefined) return testSample(pipeline, { ...flags, sample }, terminal)
  const { record } = flags
  if (record !== undefined) return testRecord(pipeline, { ...flags, record }, terminal)
  const { runMappingTests } = await import('../mapping-test/run-tests.js')
  const report = await runMappingTests(pipeline, flags.entity === undefined ? {} : { entities: flags.entity })
  if (flags.junit !== undefined) saveOutput('the report', flags.junit, await junitOf(report), terminal)
  if (flags.json === true) terminal.document(report)
  else {
    const { mappingTestText } = await import('../ui/mapping-test-text.js')
    terminal.out(mappingTestText(report, { theme: terminal.outTheme, file: pipeline.file }))
  }
  return report.ok ? 0 : 1
}

async function junitOf({ pipeline, tests }: MappingTestReport): Promise<string> {
  const { junitXml } = await import('../report/junit.js')
  const suites = [...new Set(tests.map(({ entity }) => entity))].map(entity => ({
    name: entity,
    cases: tests
      .filter(test => test.entity === entity)
      .map(({ name, ok, problems }) => ({ name, ...(ok ? {} : { failure: problems.join('; ') }) })),
  }))
  return junitXml(`etl test ${pipeline}`, suites)
}
