import type { CliCommand } from './command.js'
import { examples } from './command.js'
import type { OutputOptions } from './io.js'
import { withJsonError } from './json-error.js'
import { openPipeline, tellWarnings } from './open-pipeline.js'
import { addOutputOptions, addPipelineOptions, type PipelineOptions, positive, repeatable } from './options.js'
import { saveOutput } from './save-output.js'
import { type SelectionOptions, selectionOf } from './selection.js'
import { Terminal } from './terminal.js'

interface PlanOptions extends PipelineOptions, OutputOptions, SelectionOptions {
  readonly json?: boolean
  readonly output?: string
}

export const planCommand: CliCommand = {
  name: 'plan',
  summary: 'show what a run would do: order, modes, conversions with risk',
  configure: (command, io, finish) => {
    addOutputOptions(
      addPipelineOptions(command)
        .option('--entity <name>', 'only this entity (repeatable; +name and name+ take what is around it)', repeatable)
        .option('--exclude <name>', 'all but this entity (repeatable)', repeatable)
        .option('--batch-size <rows>', 'rows in a batch', positive)
        .option('--json', 'the plan as one JSON document on stdout, with the high-water marks of now')
        .option('-o, --output <file>', 'write the plan as JSON to a file'),
    )
      .addHelpText(
        'after',
        examples([
          ['etl plan', 'the pipeline of this folder'],
          ['etl plan crm.yaml -o crm.plan.json', 'keep the plan'],
        ]),
      )
      .action(async (file: string | undefined, options: PlanOptions) => {
        const terminal = new Terminal(io, options)
        finish(
          await terminal.perform(() =>
            withJsonError(
              options.json === true,
              terminal,
              error => error,
              () => plan(file, options, terminal),
            ),
          ),
        )
      })
  },
}

async function plan(file: string | undefined, options: PlanOptions, terminal: Terminal): Promise<number> {
  const pipeline = await openPipeline(file, options, terminal)
  const { explainPlan, listMarks, planPipeline } = await import('../index.js')
  const planned = await planPipeline(pipeline, selectionOf(options))
  if (options.output !== undefined) {
    saveOutput('the plan', options.output, json(planned), terminal)
    terminal.err(`plan written to ${options.output}\n`)
  }
  if (options.json === true) {
    terminal.out(json({ ...planned, marks: await listMarks(pipeline, planned) }))
  } else if (options.output === undefined) {
    const text = explainPlan(planned, await listMarks(pipeline, planned))
    terminal.out(text.endsWith('\n') ? text : `${text}\n`)
  } else {
    tellWarnings(planned.warnings, pipeline.file, terminal)
  }
  return 0
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
