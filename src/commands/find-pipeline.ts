import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EtlError } from '../core/errors.js'

export const PIPELINE_NAMES = ['etl.yaml', 'pipeline.yaml']

/** The pipeline file: the one given, or the only one of `etl.yaml` and `pipeline.yaml` in the folder. Throws E520. */
export function findPipeline(given: string | undefined, cwd: string): string {
  if (given !== undefined) return given
  const found = PIPELINE_NAMES.filter(name => existsSync(join(cwd, name)))
  if (found.length === 1 && found[0] !== undefined) return found[0]
  if (found.length === 0) {
    throw new EtlError('E520', 'no pipeline file was given and the folder holds none', {
      kind: 'usage',
      where: cwd,
      hint: `give the path, name the file ${PIPELINE_NAMES.join(' or ')}, or begin one with \`etl init\``,
    })
  }
  throw new EtlError('E520', `no pipeline file was given and the folder holds both ${found.join(' and ')}`, {
    kind: 'usage',
    where: cwd,
    hint: 'give the path of the one you mean',
  })
}
