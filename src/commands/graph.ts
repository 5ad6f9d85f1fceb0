import { Option } from 'commander'
import type { CliCommand } from './command.js'
import { examples } from './command.js'
import type { OutputOptions } from './io.js'
import { openPipeline } from './open-pipeline.js'
import { addOutputOptions, addPipelineOptions, type PipelineOptions } from './options.js'
import { Terminal } from './terminal.js'

interface GraphOptions extends PipelineOptions, OutputOptions {
  readonly format: 'text' | 'mermaid'
}

export const graphCommand: CliCommand = {
  name: 'graph',
  summary: 'show which entity waits for which; opens no connection',
  configure: (command, io, finish) => {
    addOutputOptions(
      addPipelineOptions(command).addOption(
        new Option('--format <format>', 'how it is drawn').choices(['text', 'mermaid']).default('text'),
      ),
    )
      .addHelpText(
        'after',
        `${examples([['etl graph --format mermaid', 'for a README']])}
Dependencies that only the target's foreign keys tell are not known without a connection: see \`etl plan\`.
`,
      )
      .action(async (file: string | undefined, options: GraphOptions) => {
        const terminal = new Terminal(io, options)
        finish(
          await terminal.perform(async () => {
            const pipeline = await openPipeline(file, options, terminal)
            const { graphMermaid, graphText } = await import('../plan/graph.js')
            terminal.out(options.format === 'mermaid' ? graphMermaid(pipeline.spec) : graphText(pipeline.spec))
            return 0
          }),
        )
      })
  },
}
