import { type Command, InvalidArgumentError } from 'commander'
import type { LoadOptions } from '../load/pipeline.js'
import type { Io } from './io.js'

export interface PipelineOptions {
  readonly profile?: string
  readonly var?: Readonly<Record<string, string>>
  readonly allowCode?: boolean
}

const PIPELINE_ARGUMENT = ['[pipeline]', 'the pipeline file (default: etl.yaml or pipeline.yaml)'] as const

/** `--profile` and `--var`, which decide what the file says. */
export function addPipelineOptions(command: Command): Command {
  return addVariableOptions(addPipelineArgument(command))
}

export function addPipelineArgument(command: Command): Command {
  return command.argument(...PIPELINE_ARGUMENT)
}

export function addVariableOptions(command: Command): Command {
  return command
    .option('--profile <name>', 'merge this profile of the file over it')
    .option('--var <name=value>', 'set a variable (repeatable)', variable)
    .option('--allow-code', "load functions of your own from the file's folder")
}

export function addOutputOptions(command: Command): Command {
  return command.option('--no-color', 'no colours (also: NO_COLOR)').option('--verbose', 'show stack traces of errors')
}

export function loadOptions(options: PipelineOptions, io: Io): LoadOptions {
  return {
    env: io.env,
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    ...(options.var === undefined ? {} : { vars: options.var }),
    ...(options.allowCode === undefined ? {} : { allowCode: options.allowCode }),
  }
}

export function repeatable(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}

/** A whole number of at least one. */
export function positive(value: string): number {
  const number = Number(value)
  if (!/^\d+$/.test(value) || number < 1 || !Number.isSafeInteger(number)) {
    throw new InvalidArgumentError('It must be a whole number of at least 1.')
  }
  return number
}

function variable(value: string, before: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const equals = value.indexOf('=')
  if (equals < 1) throw new InvalidArgumentError('It must look like NAME=value.')
  return Object.fromEntries([...Object.entries(before ?? {}), [value.slice(0, equals), value.slice(equals + 1)]])
}
