import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isAbsolute, join, relative } from 'node:path'
import { EtlError } from '../core/errors.js'
import { TOOL_VERSION } from '../core/version.js'
import type { Json } from '../engine/port.js'
import { loadPipeline } from '../load/load.js'
import type { LoadOptions, Pipeline } from '../load/pipeline.js'

/** How another machine finds a pipeline: where its file is, and what tells that it is the same. Holds no secret. */
export interface PipelineRef {
  /** Below the worker's folder, with slashes. */
  readonly file: string
  /** Of the file and all it is made from. */
  readonly hash: string
  /** Of the program. */
  readonly version: string
  readonly profile?: string
  readonly vars?: Readonly<Record<string, string>>
}

/** @param folder the file is named as it lies below it; throws E562 where it does not, or where a variable is a secret */
export function refOf(pipeline: Pipeline, folder: string, options: Pick<LoadOptions, 'profile' | 'vars'>): PipelineRef {
  const file = relative(folder, join(pipeline.baseDir, pipeline.file.split(/[\\/]/).at(-1) ?? '')).replaceAll('\\', '/')
  if (file.startsWith('../') || isAbsolute(file)) {
    throw new EtlError('E562', `${pipeline.file} lies outside of this folder, so workers cannot know where theirs is`, {
      kind: 'usage',
      hint: 'call etl in the folder that is the same on all machines, and name the file below it',
    })
  }
  const { profile, vars } = options
  const secret = Object.entries(vars ?? {}).find(([, value]) => pipeline.secrets.includes(value))
  if (secret !== undefined) {
    throw new EtlError('E562', `--var ${secret[0]} is a secret, and what workers are sent holds none`, {
      kind: 'usage',
      hint: `give each worker ${secret[0]} in its environment, and leave --var out`,
    })
  }
  return {
    file,
    hash: hashOf(pipeline),
    version: TOOL_VERSION,
    ...(profile === undefined ? {} : { profile }),
    ...(vars === undefined ? {} : { vars }),
  }
}

/** The pipeline as this machine has it. Throws E563 where it, or this program, is another one. */
export async function resolveRef(
  ref: PipelineRef,
  folder: string,
  options: Pick<LoadOptions, 'env' | 'allowCode'>,
): Promise<Pipeline> {
  if (ref.version !== TOOL_VERSION) {
    throw new EtlError('E563', `the run was begun by etl ${ref.version}, this worker is ${TOOL_VERSION}`, {
      hint: 'run the same version everywhere, then `etl resume RUN`',
    })
  }
  const file = join(folder, ref.file)
  if (relative(folder, file).startsWith('..')) throw otherPipeline(ref, 'is outside of the folder of this worker')
  if ((await readFile(file).catch(() => undefined)) === undefined) throw otherPipeline(ref, 'is not on this worker')
  const pipeline = await loadPipeline(file, {
    ...options,
    ...(ref.profile === undefined ? {} : { profile: ref.profile }),
    ...(ref.vars === undefined ? {} : { vars: ref.vars }),
  })
  if (hashOf(pipeline) !== ref.hash) throw otherPipeline(ref, 'is another one on this worker')
  return pipeline
}

export function refFrom(data: Readonly<Record<string, Json>>): PipelineRef {
  return data.pipeline as unknown as PipelineRef
}

function hashOf({ text, files, baseDir }: Pipeline): string {
  const hash = createHash('sha256').update(text)
  for (const [path, digest] of Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`\0${relative(baseDir, path).replaceAll('\\', '/')}\0${digest}`)
  return hash.digest('hex').slice(0, 32)
}

function otherPipeline({ file }: PipelineRef, what: string): EtlError {
  return new EtlError('E563', `${file} ${what}`, {
    hint: 'give all workers the same files below the folder they are started in, then `etl resume RUN`',
  })
}
