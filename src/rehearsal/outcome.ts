import { ChecksFailed, type ChecksResult, worthSaying } from '../checks/result.js'
import { EtlError, exitCodeOf } from '../core/errors.js'
import type { JobResult } from '../job/api.js'
import { NO_COUNTS } from '../run/events.js'
import type { SizeReport, UndoVerdict } from './api.js'

type Outcome = Omit<SizeReport, 'ms' | 'size' | 'scratch' | 'undo' | 'notes'>

/** What the run and its undo come to. */
export function outcomeOf(result: JobResult | EtlError, undo: UndoVerdict): Outcome {
  const undone = undo.state === 'as-before' ? 0 : undo.state === 'different' ? 4 : 1
  if (result instanceof EtlError) {
    return {
      exitCode: exitCodeOf(result),
      status: 'stopped',
      error: told(result),
      counts: NO_COUNTS,
      entities: [],
      checks: checksOf(result instanceof ChecksFailed ? result.checks : undefined),
    }
  }
  const { verification, error, exitCode } = result
  return {
    exitCode: exitCode === 0 || exitCode === 3 ? undone || exitCode : exitCode,
    status: result.status,
    ...(error === undefined ? {} : { error: told(error) }),
    counts: result.counts,
    entities: result.entities.map(({ name, counts }) => ({ name, counts })),
    checks: checksOf(result.checks),
    ...(verification === undefined
      ? {}
      : {
          verification: {
            state: verification.state,
            wrong: verification.entities.filter(({ state }) => state === 'mismatch').map(({ name }) => name),
          },
        }),
  }
}

function checksOf(checks: ChecksResult | undefined): SizeReport['checks'] {
  const outcomes = checks?.outcomes ?? []
  return {
    held: outcomes.filter(({ state }) => state === 'passed').length,
    broken: outcomes
      .filter(worthSaying)
      .map(({ name, severity, count }) => ({ name, severity, ...(count === undefined ? {} : { count }) })),
  }
}

function told({ code, message, hint }: EtlError) {
  return { code, message, ...(hint === undefined ? {} : { hint }) }
}
