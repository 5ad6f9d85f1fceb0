import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { EtlError } from '../core/errors.js'
import { asEtlError } from '../core/unforeseen.js'
import type { InitResult } from '../init/init.js'
import { type CliCommand, examples } from './command.js'
import type { OutputOptions } from './io.js'
import { addOutputOptions, repeatable } from './options.js'
import { liveSchemaFile } from './schema.js'
import { Terminal } from './terminal.js'
import { withSignals } from './with-signals.js'

interface Flags extends OutputOptions {
  readonly from?: string
  readonly to?: string
  readonly output?: string
  readonly table?: readonly string[]
  readonly empty?: boolean
  readonly force?: boolean
}

/** What is to be made; `tables` undefined: of all. */
export interface InitAnswers {
  readonly from: string
  readonly to: string
  readonly file: string
  readonly tables?: readonly string[]
}

const FILE = 'pipeline.yaml'

const NOTES = `
Looks at both databases, reading only, and writes the pipeline that their tables suggest: keys, references, an order,
columns matched by name, conversions with what may go wrong with them, codes as maps. What names and values cannot tell
is marked \`decide\`. Passwords go into .env, never into the file. Without --from and --to it asks.
`

export const initCommand: CliCommand = {
  name: 'init',
  summary: 'write a first pipeline for two databases',
  configure: (command, io, finish) => {
    addOutputOptions(command)
      .option('--from <address>', 'what is read: postgres://…, mysql://…, oracle://…, sqlite:file, data.csv')
      .option('--to <address>', 'what is written; a database without tables gets those of the source')
      .option('-o, --output <file>', `the pipeline file (default: ${FILE})`)
      .option('--table <name>', 'only this table of the source (repeatable)', repeatable)
      .option('--empty', 'a small pipeline to fill in by hand; connects to nothing')
      .option('--force', 'write over files that are there')
      .option('--json', 'one JSON document on stdout')
      .option('--ascii', 'no characters beyond ASCII in marks')
      .addHelpText(
        'after',
        NOTES +
          examples([
            ['etl init', 'ask for everything'],
            ['etl init --from sqlite:old.db --to postgres://me@db/app', 'propose a pipeline for the two'],
            ['etl init --empty -o crm.yaml', 'a file to fill in by hand'],
          ]),
      )
      .action(async (flags: Flags) => {
        const terminal = new Terminal(io, flags)
        finish(await terminal.performDocument(() => init(flags, terminal)))
      })
  },
}

async function init(flags: Flags, terminal: Terminal): Promise<number> {
  const { from, to, table, output: file = FILE } = flags
  if (flags.empty === true) return empty(file, flags, terminal)
  if (from !== undefined && to !== undefined) {
    refuseExisting(file, flags, terminal)
    return propose({ from, to, file, ...(table === undefined ? {} : { tables: table }) }, flags, terminal)
  }
  if (from !== undefined || to !== undefined) {
    const hint = '`etl init --from ADDRESS --to ADDRESS`, or neither to be asked'
    throw new EtlError('E520', `--${from === undefined ? 'from' : 'to'} is missing`, { kind: 'usage', hint })
  }
  const { io } = terminal
  if (io.stdin.isTTY !== true || io.stdout.isTTY !== true || flags.json === true) {
    throw new EtlError('E520', 'nobody can be asked here, and --from and --to are missing', {
      kind: 'usage',
      hint: '`etl init --from ADDRESS --to ADDRESS`, or `etl init --empty` for a file to fill in by hand',
    })
  }
  return askAndPropose(flags, terminal)
}

async function askAndPropose(flags: Flags, terminal: Terminal): Promise<number> {
  const { secretsOf } = await import('../load/secrets.js')
  const { tablesAt } = await import('../index.js')
  const { ask } = await import('../ui/init/ask.js')
  const { io } = terminal
  const secrets: string[] = []
  const answers = await ask({
    theme: terminal.outTheme,
    output: io.stdout,
    input: io.stdin,
    look: async url => {
      secrets.push(...secretsOf(['target', 'url'], url, false))
      await terminal.hide(secrets)
      const { label, tables } = await tablesAt(url, io.cwd)
      return { label, tables: tables.map(({ table, columns }) => ({ name: table, columns: columns.length })) }
    },
    check: file => refuseExisting(file, flags, terminal),
    tell: error => {
      const { message, hint } = asEtlError(error)
      return { what: terminal.redact(message), ...(hint === undefined ? {} : { hint: terminal.redact(hint) }) }
    },
  })
  if (answers === undefined) throw new EtlError('E515', 'nothing was written', { kind: 'interrupted' })
  return propose(answers, flags, terminal)
}

async function propose({ from, to, file, tables }: InitAnswers, flags: Flags, terminal: Terminal): Promise<number> {
  const { secretsOf } = await import('../load/secrets.js')
  await terminal.hide([from, to].flatMap(url => secretsOf(['target', 'url'], url, false)))
  const { initPipeline } = await import('../index.js')
  const path = resolve(terminal.io.cwd, file)
  const schema = liveSchemaFile(file)
  const result = await withSignals(signal =>
    initPipeline({
      from,
      to,
      schema,
      baseDir: terminal.io.cwd,
      folder: dirname(path),
      signal,
      ...(tables === undefined ? {} : { tables }),
      onTable: (name, done, of) => terminal.note(`looking at ${name}, ${done + 1} of ${of}`),
    }),
  )
  const dotenv = join(dirname(path), '.env.example')
  const dotenvKept = result.dotenv !== undefined && existsSync(dotenv) && flags.force !== true
  const newDotenv = dotenvKept ? undefined : result.dotenv
  write(path, result.pipeline, flags)
  if (newDotenv !== undefined) write(dotenv, newDotenv, flags)
  mkdirSync(dirname(join(dirname(path), schema)), { recursive: true, mode: 0o700 })
  writeFileSync(join(dirname(path), schema), result.schema, { mode: 0o600 })
  const written: [string, string][] = [
    [file, 'the pipeline'],
    ...(newDotenv === undefined
      ? []
      : [[beside(file, '.env.example'), 'the variables it asks for'] as [string, string]]),
    [beside(file, schema), 'your tables and columns, for the editor'],
  ]
  if (flags.json === true) terminal.document(documentOf(result, file, written))
  else {
    const { initText } = await import('../ui/init-text.js')
    const { outTheme: theme, io } = terminal
    const columns = io.stdout.columns || 80
    terminal.out(initText(result, { theme, columns, file, written, asksFor: result.variables, dotenvKept }))
  }
  return 0
}

function documentOf(result: InitResult, file: string, written: readonly (readonly [string, string])[]): object {
  const { proposal, decisions, source, target, variables } = result
  return {
    file,
    written: written.map(([name]) => name),
    source: source.label,
    target: target.label,
    variables,
    entities: proposal.entities.map(({ name, from, to, fields }) => ({ name, from, to, fields: fields.length })),
    decisions,
    sourceLeft: proposal.sourceLeft,
    targetLeft: proposal.targetLeft,
  }
}

function beside(file: string, name: string): string {
  return relative('.', join(dirname(file), name))
}

async function empty(file: string, flags: Flags, terminal: Terminal): Promise<number> {
  const { emptyPipeline } = await import('../init/empty.js')
  refuseExisting(file, flags, terminal)
  write(resolve(terminal.io.cwd, file), emptyPipeline(), flags)
  if (flags.json === true) terminal.document({ file, written: [file] })
  else
    terminal.out(
      `${terminal.outTheme.symbols.done} ${file}\n\n next\n   fill it in; \`etl reference\` says what there is\n   etl validate ${file}\n`,
    )
  return 0
}

/** Before anybody waits for databases. */
function refuseExisting(file: string, { force }: Flags, terminal: Terminal): void {
  if (force !== true && existsSync(resolve(terminal.io.cwd, file))) throw exists(file)
}

function exists(file: string): EtlError {
  const hint = 'another name by -o, or --force to write over it'
  return new EtlError('E524', `${file} is there already`, { kind: 'usage', hint })
}

function write(path: string, text: string, { force }: Flags): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text, { flag: force === true ? 'w' : 'wx' })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw exists(basename(path))
    const what = `${basename(path)} cannot be written${code === undefined ? '' : ` (${code})`}`
    throw new EtlError('E513', what, { kind: 'usage', where: path, hint: 'give another path to -o', cause: error })
  }
}
