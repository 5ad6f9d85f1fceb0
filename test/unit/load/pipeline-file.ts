import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PipelineError } from '../../../src/core/errors.js'
import { loadPipeline } from '../../../src/load/load.js'
import type { LoadOptions, Pipeline } from '../../../src/load/pipeline.js'

/** A small valid pipeline, to be varied. */
export const VALID = `version: 1
name: crm
sources:
  crm: { type: sqlite, path: crm.sqlite }
target: { type: sqlite, path: out.sqlite }
entities:
  customers:
    from: CUSTOMERS
    to: customers
    fields:
      id: ID
`

/** A valid head, ending before the entities; `entities:` is line 6. */
export const HEAD = VALID.slice(0, VALID.indexOf('  customers:'))

/** A folder with a pipeline file and what lies beside it; gone when the callback is. */
export async function inFolder<T>(
  text: string | Buffer,
  beside: Readonly<Record<string, string>>,
  use: (file: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'etl-load-'))
  try {
    const file = join(folder, 'pipeline.yaml')
    writeFileSync(file, text)
    for (const [name, content] of Object.entries(beside)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content)
    }
    return await use(file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export function load(
  text: string,
  options: LoadOptions = {},
  beside: Readonly<Record<string, string>> = {},
): Promise<Pipeline> {
  return inFolder(text, beside, file => loadPipeline(file, { env: {}, ...options }))
}

/** The error that loading gives. */
export async function failure(
  text: string | Buffer,
  options: LoadOptions = {},
  beside: Readonly<Record<string, string>> = {},
): Promise<PipelineError> {
  return inFolder(text, beside, async file => {
    try {
      await loadPipeline(file, { env: {}, ...options })
    } catch (error) {
      if (error instanceof PipelineError) return error
      throw error
    }
    throw new Error('the file is valid')
  })
}

/** The problems of a file as `CODE line:column message`. */
export async function problems(
  text: string | Buffer,
  options: LoadOptions = {},
  beside: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const { diagnostics } = await failure(text, options, beside)
  return diagnostics.map(({ code, position, message }) =>
    position === undefined ? `${code} ${message}` : `${code} ${position.line}:${position.column} ${message}`,
  )
}
