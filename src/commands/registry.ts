import { checkCommand } from './check.js'
import type { CliCommand } from './command.js'
import { explainCommand } from './explain.js'
import { graphCommand } from './graph.js'
import { planCommand } from './plan.js'
import { referenceCommand } from './reference.js'
import { runCommand } from './run.js'
import { schemaCommand } from './schema.js'
import { validateCommand } from './validate.js'

/** The commands, in the order of the help. */
export const COMMANDS: readonly CliCommand[] = [
  validateCommand,
  checkCommand,
  planCommand,
  runCommand,
  graphCommand,
  schemaCommand,
  referenceCommand,
  explainCommand,
]
