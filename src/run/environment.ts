import { type EntityPlan, type ReadPlan, readsOf } from '../plan/plan.js'
import { databaseNamed, type RunContext } from './context.js'
import type { ProduceJob } from './produce-job.js'

/** What an entity's row program works in, as plain data. */
export function environmentOf(
  context: Pick<RunContext, 'plan' | 'runId' | 'startedAt' | 'sources' | 'target' | 'logic'>,
  entity: EntityPlan,
  read: ReadPlan,
): ProduceJob['environment'] {
  const { plan, runId, startedAt, target, logic } = context
  const { nulInText, emptyIsNull } = target.connector.capabilities
  return {
    context: { startedAt, runId },
    constants: {
      ...Object.fromEntries(Object.entries(plan.vars).map(([name, value]) => [`$vars.${name}`, value])),
      '$run.id': runId,
      '$run.started_at': startedAt,
      $entity: entity.name,
    },
    nulInText,
    emptyIsNull: emptyIsNull === true,
    looseSource: readsOf(read).some(
      ({ from }) => from.kind === 'rows' || databaseNamed(context, from.source).connector.capabilities.looseTypes,
    ),
    entityPolicy: entity.onError,
    reference: logic === 'reference',
  }
}
