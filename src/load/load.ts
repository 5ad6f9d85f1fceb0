import { dirname, resolve } from 'node:path'
import { inspect } from 'node:util'
import type { Diagnostic } from '../core/diagnostics.js'
import { PipelineError } from '../core/errors.js'
import { pointsAtKey } from './diagnostics.js'
import type { Placed } from './env.js'
import { resolveVariables, variables } from './env.js'
import { expand } from './expand.js'
import { lineIndex } from './lines.js'
import { readMapFiles } from './map-file.js'
import type { OwnCode } from './own-code.js'
import { mapOwnUses } from './own-uses.js'
import { parseYaml } from './parse.js'
import type { LoadOptions, Pipeline } from './pipeline.js'
import { applyProfile } from './profile.js'
import { readText } from './read-text.js'
import { checkMeaning } from './semantic.js'
import { tidy } from './tidy.js'
import { spanAt, withKeyOf } from './tree.js'
import { checkVariables } from './unused-variables.js'
import { validateTree } from './validate.js'

/**
 * Reads a pipeline file, merges the profile, fills in variables, checks everything that needs no connection.
 * @throws PipelineError with every problem of the file, sorted by place; EtlError E520 for a variable that it does not mention.
 */
export async function loadPipeline(file: string, options: LoadOptions = {}): Promise<Pipeline> {
  const text = await readText(file)
  const baseDir = dirname(resolve(file))
  const position = lineIndex(text)
  const parsed = parseYaml(text)
  const syntax: Placed[] = parsed.problems.map(({ span, ...problem }) => ({
    diagnostic: { ...problem, severity: 'error', path: [] },
    span,
  }))
  // What was not understood cannot be judged; a key that stands there twice can.
  const unclear = parsed.problems.some(({ code }) => code !== 'E006' && code !== 'E213')
  if (parsed.root === undefined || unclear) throw new PipelineError(file, tidy(syntax, position), text)

  checkVariables(parsed.root, text, file, options.vars ?? {})
  const merged = applyProfile(parsed.root, options.profile)
  const lookup = await variables(baseDir, options.vars, options.env)
  const filled = resolveVariables(merged.root, lookup, text)
  // The profiles' own keys are checked as they stand; their values where they end up, in the merged file.
  const shape = validateTree(withKeyOf(filled.root, parsed.root, 'profiles'))
  const { root, data } = shape
  const meaning = await checkMeaning(data, options.vars ?? {})
  const mapFiles = await readMapFiles(data, baseDir)
  const own = await ownCode(data, baseDir, options)

  const found: Diagnostic[] = [...shape.problems, ...meaning, ...mapFiles.problems, ...own.problems]
  const placed = found.map(diagnostic => ({
    diagnostic,
    span: spanAt(root, diagnostic.path, pointsAtKey(diagnostic.code) ? 'key' : 'value'),
  }))
  const diagnostics = tidy([...syntax, ...merged.problems, ...filled.problems, ...placed], position)
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  // A name with a typo leaves what was meant unused, so warnings wait until there are no errors.
  if (errors.length > 0) throw new PipelineError(file, errors, text)
  const pipeline: Pipeline = {
    file,
    baseDir,
    text,
    spec: expand(own.data, { mapFiles: mapFiles.maps, vars: options.vars ?? {} }),
    warnings: diagnostics,
    secrets: filled.secrets,
    files: { ...mapFiles.files, ...own.files },
    locate: path => position(spanAt(root, path)),
  }
  // Printed as an object it would show every password.
  return Object.defineProperty(pipeline, inspect.custom, { value: () => `Pipeline ${pipeline.spec.name} (${file})` })
}

/** Files without code do not pay for what loads it. */
async function ownCode(data: unknown, baseDir: string, { allowCode = false }: LoadOptions): Promise<OwnCode> {
  let uses = 0
  mapOwnUses(data, reference => {
    uses++
    return reference
  })
  if (uses === 0) return { data, files: {}, problems: [] }
  const { readOwnCode } = await import('./own-code.js')
  return readOwnCode(data, baseDir, allowCode)
}
