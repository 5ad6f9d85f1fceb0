import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Finding } from '../doctor/finding.js'
import type { Pipeline } from '../load/pipeline.js'
import { type CliCommand, examples } from './command.js'
import { findPipeline, PIPELINE_NAMES } from './find-pipeline.js'
import type { OutputOptions } from './io.js'
import { openPipeline } from './open-pipeline.js'
import { addOutputOptions, addPipelineOptions, type PipelineOptions } from './options.js'
import { Terminal } from './terminal.js'

interface Flags extends PipelineOptions, OutputOptions {
  readonly json?: boolean
}

const NOTES = `
Looks at Node, drivers, the databases' own programs, rights and space of folders, and with a pipeline at each of its
databases: reachable, version, clock, time zone, bulk path, ledger, backups, tables, columns and rights. Nothing is
written, and no row is read (\`etl check\` does). Without a pipeline, and where the folder has none, only at this machine.
Exit code 0: nothing failed, 5: a connection or a right is missing, 1: anything else.
`

export const doctorCommand: CliCommand = {
  name: 'doctor',
  summary: 'say what works here, what is missing, what to do',
  configure: (command, io, finish) => {
    addOutputOptions(addPipelineOptions(command))
      .option('--json', 'one JSON document on stdout')
      .option('--ascii', 'no characters beyond ASCII in marks')
      .addHelpText(
        'after',
        NOTES +
          examples([
            ['etl doctor', 'this machine, and the pipeline of this folder'],
            ['etl doctor crm.yaml', 'and the databases of crm.yaml'],
          ]),
      )
      .action(async (file: string | undefined, flags: Flags) => {
        const terminal = new Terminal(io, flags)
        finish(
          await terminal.performDocument(
            () => doctor(file, flags, terminal),
            error => ({ ok: false, findings: [], ...error }),
          ),
        )
      })
  },
}

async function doctor(file: string | undefined, flags: Flags, terminal: Terminal): Promise<number> {
  const { cwd } = terminal.io
  const pipeline = await pipelineOf(file, flags, terminal)
  const { examine } = await import('../doctor/doctor.js')
  const report = await examine(pipeline, { node: process.version, cwd, now: Date.now })
  if (flags.json === true) terminal.document(report)
  else {
    const { doctorText } = await import('../ui/doctor-text.js')
    terminal.out(doctorText(report, { theme: terminal.outTheme, width: terminal.io.stdout.columns || 80 }))
  }
  return report.ok ? 0 : report.findings.some(isConnection) ? 5 : 1
}

async function pipelineOf(file: string | undefined, flags: Flags, terminal: Terminal): Promise<Pipeline | undefined> {
  const { cwd } = terminal.io
  if (file === undefined && !PIPELINE_NAMES.some(name => existsSync(resolve(cwd, name)))) return undefined
  return await openPipeline(findPipeline(file, cwd), flags, terminal)
}

function isConnection({ state, code }: Finding): boolean {
  return state === 'failed' && code?.startsWith('E3') === true
}
