import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connectors } from '../connectors/registry.js'
import { errorsPage } from '../explain/page.js'
import { functions } from '../transforms/registry.js'
import { referenceText, schemaText } from './emit.js'

/** Writes what the registries say into `schemas/` and `docs/reference/`; with `--check` it only compares. */
const parts = { connectors, functions: [...functions.values()] }
const files = [
  [new URL('../../schemas/pipeline.schema.json', import.meta.url), schemaText(parts)],
  [new URL('../../schemas/REFERENCE.md', import.meta.url), referenceText(parts)],
  [new URL('../../docs/reference/errors.md', import.meta.url), errorsPage()],
] as const

if (process.argv.includes('--check')) {
  const stale = files.some(([file, text]) => read(file) !== text)
  if (stale) {
    process.stderr.write('Stale schema. Run `npm run generate`.\n')
    process.exitCode = 1
  }
} else {
  for (const [file, text] of files) {
    mkdirSync(new URL('.', file), { recursive: true })
    writeFileSync(file, text)
  }
}

function read(file: URL): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
