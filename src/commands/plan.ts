import { withoutValues } from '../coverage/coverage.js'
import type { CliCommand } from './command.js'
import { examples } from './command.js'
import type { OutputOptions } from './io.js'
import { openPipeline, tellWarnings } from './open-pipeline.js'
import { addOutputOptions, addPipelineOptions, type PipelineOptions, positive, repeatable } from './options.js'
import { saveOutput } from './save-output.js'
import { type SelectionOptions, selectionOf } from './selection.js'
import { Terminal } from './terminal.js'

interface PlanOptions extends PipelineOptions, OutputOptions, SelectionOptions {
  readonly json?: boolean
  readonly output?: string
  /** False after `--no-coverage`. */
  readonly coverage?: boolean
}

export const planCommand: CliCommand = {
  name: 'plan',
  summary: 'show what a run would do: order, modes, risks, rejects',
  configure: (command, io, finish) => {
    addOutputOptions(
      addPipelineOptions(command)
        .option('--entity <name>', 'only this entity (repeatable; +name and name+ take what is around it)', repeatable)
        .option('--exclude <name>', 'all but this entity (repeatable)', repeatable)
        .option('--batch-size <rows>', 'rows in a batch', positive)
        .option('--no-coverage', 'do not look into the data: no predictions')
        .option('--json', 'the plan as one JSON document on stdout, with the high-water marks of now')
        .option('-o, --output <file>', 'write the plan as JSON to a file'),
    )
      .addHelpText(
        'after',
        examples([
          ['etl plan', 'the pipeline of this folder'],
          ['etl plan crm.yaml -o crm.plan.json', 'keep the plan, for `etl run --plan crm.plan.json`'],
        ]),
      )
      .action(async (file: string | undefined, options: PlanOptions) => {
        const terminal = new Terminal(io, options)
        finish(await terminal.performDocument(() => plan(file, options, terminal)))
      })
  },
}

async function plan(file: string | undefined, options: PlanOptions, terminal: Terminal): Promise<number> {
  const pipeline = await openPipeline(file, options, terminal)
  const { coverPlan, explainPlan, listMarks, planPipeline } = await import('../index.js')
  const planned = await planPipeline(pipeline, selectionOf(options))
  const coverage = options.coverage === false ? undefined : await coverPlan(pipeline, planned)
  const bare = coverage === undefined ? {} : { coverage: withoutValues(coverage) }
  if (options.output !== undefined) {
    saveOutput('the plan', options.output, json({ ...planned, ...bare }), terminal)
    terminal.err(`plan written to ${options.output}\n`)
  }
  if (options.json === true) {
    terminal.out(json({ ...planned, ...bare, marks: await listMarks(pipeline, planned) }))
  } else if (options.output === undefined) {
    const { wrap } = await import('../ui/wrap.js')
    // A file or a pipe has lines as long as they are.
    const width = terminal.io.stdout.columns || Number.POSITIVE_INFINITY
    const say = (text: string): void =>
      terminal.out(`${text.trimEnd()}\n`.replaceAll(/^.+$/gm, line => wrap(line, width, 4).join('\n')))
    say(explainPlan(planned, await listMarks(pipeline, planned)))
    if (coverage !== undefined) {
      const { coverageText } = await import('../ui/coverage-text.js')
      terminal.out('\n')
      say(coverageText(coverage, terminal.outTheme))
    }
  } else {
    tellWarnings(planned.warnings, pipeline.file, terminal)
  }
  return 0
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
