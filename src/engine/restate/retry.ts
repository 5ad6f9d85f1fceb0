/** A worker that is gone is not waited for: another one may answer at once. */
export const SOON = {
  initialInterval: 50,
  exponentiationFactor: 2,
  maxInterval: 2000,
  maxAttempts: 1_000_000_000,
} as const
