import type { MappingTestReport } from '../mapping-test/run-tests.js'
import { type CliCommand, examples } from './command.js'
import type { OutputOptions } from './io.js'
import { openPipeline } from './open-pipeline.js'
import { addOutputOptions, addPipelineOptions, type PipelineOptions, repeatable } from './options.js'
import { saveOutput } from './save-output.js'
import { Terminal } from './terminal.js'

interface Flags extends PipelineOptions, OutputOptions {
  readonly entity?: readonly string[]
  readonly junit?: string
  readonly json?: boolean
}

const NOTES = `
Each of the tests of the file puts one row through the mapping of an entity and compares what comes out. No database is
asked: look-ups and refs find what the test says, columns have the type that their field says, or none. Exit code 0: all
passed, 1: some did not.
`

export const testCommand: CliCommand = {
  name: 'test',
  summary: 'run the mapping tests of the file, without any database',
  configure: (command, io, finish) => {
    addOutputOptions(addPipelineOptions(command))
      .option('--entity <name>', 'only tests of this entity (repeatable)', repeatable)
      .option('--junit <file>', 'write JUnit XML as well, for a build server')
      .option('--json', 'one JSON document on stdout')
      .option('--ascii', 'no characters beyond ASCII in marks')
      .addHelpText(
        'after',
        NOTES +
          examples([
            ['etl test', 'the pipeline of this folder'],
            ['etl test crm.yaml --entity customer', 'only tests of one entity'],
            ['etl test crm.yaml --junit tests.xml', 'for a build server'],
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
