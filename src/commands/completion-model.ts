import type { Argument, Command, Option } from 'commander'

/** What can stand at a place of the command line. */
export type Wanted =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'pipeline' | 'entity' | 'file' | 'anything' }

export interface CompletedOption {
  /** As they are typed: `-o`, `--output`. */
  readonly names: readonly string[]
  readonly about: string
  /** Absent: it takes no value. */
  readonly value?: Wanted
}

export interface CompletedCommand {
  /** Empty for the program itself, `quarantine retry` for a command below another. */
  readonly path: string
  readonly about: string
  readonly options: readonly CompletedOption[]
  /** One after the other. */
  readonly places: readonly Wanted[]
  /** Names of the commands below it. */
  readonly below: readonly string[]
}

const FILES = /^(file|backup|plan|folder|dir)$/
const ENTITIES = /^(entity|exclude)$/

/** All commands with what they take, the program first. */
export function completedCommands(program: Command): readonly CompletedCommand[] {
  const visit = (command: Command, path: string): CompletedCommand[] => [
    {
      path,
      about: command.summary() || command.description(),
      options: command.createHelp().visibleOptions(command).map(optionOf),
      places: path === 'help' ? [words(program)] : command.registeredArguments.map(placeOf),
      below: command.commands.map(each => each.name()),
    },
    ...command.commands.flatMap(each => visit(each, `${path} ${each.name()}`.trim())),
  ]
  return visit(program, '')
}

function words(program: Command): Wanted {
  return { kind: 'words', words: [...program.commands.map(each => each.name()), 'exit-codes'] }
}

function optionOf(option: Option): CompletedOption {
  const names = [option.short, option.long].flatMap(name => name ?? [])
  const takes = option.required || option.optional
  return { names, about: option.description, ...(takes ? { value: wantedBy(option) } : {}) }
}

function wantedBy(option: Option): Wanted {
  if (option.argChoices !== undefined) return { kind: 'words', words: option.argChoices }
  if (ENTITIES.test(option.attributeName())) return { kind: 'entity' }
  const placeholder = /<([^>]+)>/.exec(option.flags)?.[1] ?? ''
  return { kind: FILES.test(placeholder) ? 'file' : 'anything' }
}

function placeOf(argument: Argument): Wanted {
  const name = argument.name()
  if (argument.argChoices !== undefined) return { kind: 'words', words: argument.argChoices }
  if (name === 'pipeline' || name === 'entity') return { kind: name }
  return { kind: FILES.test(name) ? 'file' : 'anything' }
}
