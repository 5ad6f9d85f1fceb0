import { join } from 'node:path'
import type { Diagnostic, DocPath } from '../core/diagnostics.js'
import { readPlainFile } from '../core/plain-file.js'
import { retype } from './core-scalar.js'
import { interpolate } from './interpolate.js'
import { isSecretPath, secretsOf } from './secrets.js'
import type { Node, ScalarNode, Span } from './tree.js'
import { mapScalars } from './tree.js'

export type Variables = (name: string) => string | undefined

export interface Placed {
  readonly diagnostic: Diagnostic
  readonly span: Span
}

/** Where `${NAME}` looks: `--var` first, then the environment, then `.env` beside the file. */
export async function variables(
  baseDir: string,
  vars: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Variables> {
  const dotenv = await readDotenv(join(baseDir, '.env'))
  return name => own(vars, name) ?? own(env, name) ?? own(dotenv, name)
}

function own(record: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}

async function readDotenv(file: string): Promise<Record<string, string>> {
  let text: Buffer
  try {
    text = readPlainFile(file, 1_000_000)
  } catch {
    return {}
  }
  const { parse } = await import('dotenv')
  return parse(text)
}

const ALONE = /^\$\{[^}]*\}$/

/** The tree with every `${…}` filled in, and every secret that turned up on the way. */
export function resolveVariables(
  root: Node,
  lookup: Variables,
  text: string,
): { root: Node; secrets: string[]; problems: Placed[] } {
  const secrets = new Set<string>()
  const problems: Placed[] = []
  const resolved = mapScalars(root, (scalar, path) => {
    const secret = isSecretPath(path)
    const collect = (value: string, fromVariable: boolean) => {
      if (secret) for (const part of secretsOf(path, value, fromVariable)) secrets.add(part)
    }
    if (typeof scalar.value !== 'string' || !scalar.value.includes('${')) {
      if (scalar.value !== null) collect(String(scalar.value), false)
      return scalar
    }
    const { text: value, used, missing } = interpolate(scalar.value, lookup)
    for (const variable of missing) problems.push(missingVariable(variable, scalar, path, text))
    if (missing.length > 0) return scalar
    collect(value, used.length > 0)
    if (secret && path.at(-1) !== 'url') for (const part of used) secrets.add(part)
    const typed = retype(value)
    if (typed === value) return { ...scalar, value }
    if (scalar.plain) return { ...scalar, value: typed, text: value }
    const alone = ALONE.test(scalar.value) && typeof typed !== 'string' && typed !== null
    return { ...scalar, value, ...(alone ? { unquoted: typed } : {}) }
  })
  secrets.delete('')
  return { root: resolved, secrets: [...secrets], problems }
}

function missingVariable(
  variable: { readonly name: string; readonly message?: string; readonly length: number },
  scalar: ScalarNode,
  path: DocPath,
  text: string,
): Placed {
  const { name, message } = variable
  // Escapes and folding move offsets, so the place is looked for in the text.
  const at = text.indexOf(`\${${name}`, scalar.span.start)
  const found = at >= 0 && at < scalar.span.end
  const span = found ? { start: at, end: at + variable.length } : scalar.span
  const known = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
  return {
    diagnostic: {
      code: 'E010',
      severity: 'error',
      message: message ?? `${name} is not set`,
      path,
      hint: known
        ? `Set ${name} in the environment or in .env, give --var ${name}=…, or write \${${name}:-default}.`
        : 'Write ${NAME}, ${NAME:-default} or ${NAME:?message}; $${ stands for a plain ${.',
    },
    span,
  }
}
