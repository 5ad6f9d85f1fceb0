import type { EntityVerification, VerifyReport } from './api.js'

/** Rows that differ are named by their keys, which is for the eyes of whoever verifies: here they are only counted. */
export type VerificationWithoutRows = Omit<VerifyReport, 'entities'> & {
  readonly entities: readonly Omit<EntityVerification, 'differences'>[]
}

/** For records and for whatever programs read. */
export function withoutRows({ entities, ...report }: VerifyReport): VerificationWithoutRows {
  return { ...report, entities: entities.map(({ differences: _, ...entity }) => entity) }
}
