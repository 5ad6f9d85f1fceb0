import type { ErrorObject, ValidateFunction } from 'ajv'
import { Ajv } from 'ajv'
import type { Diagnostic, DocPath } from '../core/diagnostics.js'
import { toDiagnostics } from './diagnostics.js'
import { relevant } from './relevant.js'
import type { LanguageSchema } from './schema.js'
import { languageSchema } from './schema.js'
import type { Node } from './tree.js'
import { mapScalars, nodeAt, toData } from './tree.js'

/** A validator as the program uses it; also for schemas of single properties in tests. */
export function compileSchema(schema: LanguageSchema): ValidateFunction {
  const ajv = new Ajv({
    allErrors: true,
    discriminator: true,
    strict: true,
    strictRequired: false,
    allowUnionTypes: true,
    verbose: true,
    // The committed file is checked when it is generated; doing it at each start would cost tens of milliseconds.
    validateSchema: false,
    meta: false,
    messages: false,
    // Making the code smaller takes longer than running it once.
    code: { optimize: false },
  })
  ajv.addVocabulary(['x-short', 'x-values'])
  return ajv.compile(schema)
}

/**
 * Checks the document's shape. The tree that comes back is the one given, but for variables' values that looked like a
 * number where text is wanted (`password: ${PASSWORD}` with digits only), and for quoted ones that stand where a number or
 * boolean is wanted (`{ port: "${PORT}" }`).
 */
export function validateTree(root: Node): { root: Node; data: unknown; problems: Diagnostic[] } {
  let tree = root
  let data = toData(tree)
  const validator = compileSchema(relevant(languageSchema(), [data]) as LanguageSchema)
  let errors = run(validator, data)
  const meant = new Map(
    errors.flatMap(error => {
      const value = meantAt(tree, error)
      return value === undefined ? [] : [[error.instancePath, value]]
    }),
  )
  if (meant.size > 0) {
    tree = mapScalars(tree, (scalar, path) => {
      const value = meant.get(pointer(path))
      return value === undefined ? scalar : { ...scalar, value }
    })
    data = toData(tree)
    errors = run(validator, data)
  }
  return { root: tree, data, problems: toDiagnostics(errors, data) }
}

function run(validate: ValidateFunction, data: unknown): ErrorObject[] {
  return validate(data) ? [] : [...(validate.errors ?? [])]
}

/** The other value that the scalar may have, where the error wants its type. */
function meantAt(root: Node, error: ErrorObject): string | number | boolean | undefined {
  const node = nodeAt(root, pathOf(error.instancePath))
  if (error.keyword !== 'type' || node?.kind !== 'scalar') return undefined
  const wanted: readonly unknown[] = [error.params.type].flat()
  const fits = (value: unknown) =>
    wanted.includes(typeof value) || (Number.isInteger(value) && wanted.includes('integer'))
  return [node.text, node.unquoted].find(fits)
}

/** A JSON pointer as a path. */
function pathOf(instancePath: string): DocPath {
  return instancePath
    .split('/')
    .slice(1)
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function pointer(path: DocPath): string {
  return path.map(step => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
