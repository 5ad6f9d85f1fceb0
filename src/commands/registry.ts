import type { CliCommand } from './command.js'

/** A command, loaded only where it is called or all are shown: each start pays for what it imports. */
export interface RegisteredCommand {
  readonly name: string
  readonly load: () => Promise<CliCommand>
  /** It tells of the others. */
  readonly needsAll?: true
}

/** The commands, in the order of the help. */
export const COMMANDS: readonly RegisteredCommand[] = [
  { name: 'init', load: async () => (await import('./init.js')).initCommand },
  { name: 'inspect', load: async () => (await import('./inspect.js')).inspectCommand },
  { name: 'validate', load: async () => (await import('./validate.js')).validateCommand },
  { name: 'test', load: async () => (await import('./test.js')).testCommand },
  { name: 'check', load: async () => (await import('./check.js')).checkCommand },
  { name: 'plan', load: async () => (await import('./plan.js')).planCommand },
  { name: 'run', load: async () => (await import('./run.js')).runCommand },
  { name: 'verify', load: async () => (await import('./verify.js')).verifyCommand },
  { name: 'worker', load: async () => (await import('./worker.js')).workerCommand },
  { name: 'status', load: async () => (await import('./status.js')).statusCommand },
  { name: 'cancel', load: async () => (await import('./cancel.js')).cancelCommand },
  { name: 'resume', load: async () => (await import('./resume.js')).resumeCommand },
  { name: 'engine', load: async () => (await import('./engine.js')).engineCommand },
  { name: 'undo', load: async () => (await import('./undo.js')).undoCommand },
  { name: 'quarantine', load: async () => (await import('./quarantine.js')).quarantineCommand },
  { name: 'runs', load: async () => (await import('./runs.js')).runsCommand },
  { name: 'report', load: async () => (await import('./report.js')).reportCommand },
  { name: 'trace', load: async () => (await import('./trace.js')).traceCommand },
  { name: 'backup', load: async () => (await import('./backup.js')).backupCommand },
  { name: 'restore', load: async () => (await import('./restore.js')).restoreCommand },
  { name: 'graph', load: async () => (await import('./graph.js')).graphCommand },
  { name: 'schema', load: async () => (await import('./schema.js')).schemaCommand },
  { name: 'reference', load: async () => (await import('./reference.js')).referenceCommand },
  { name: 'doctor', load: async () => (await import('./doctor.js')).doctorCommand },
  { name: 'explain', load: async () => (await import('./explain.js')).explainCommand },
  { name: 'completion', load: async () => (await import('./completion.js')).completionCommand, needsAll: true },
]

/** The command that the first word names; all of them where it names none. */
export function commandsFor(word: string | undefined): Promise<CliCommand[]> {
  const named = COMMANDS.find(command => command.name === word)
  return Promise.all((named === undefined || named.needsAll ? COMMANDS : [named]).map(command => command.load()))
}
