import { defineConfig } from 'vitest/config'
import { ThreatReporter } from '../support/threat-reporter.js'
import { THREATS } from './threats.js'

/** `npm run test:security`: everything that attacks, and at its end one line a threat. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 3,
    reporters: ['default', new ThreatReporter()],
    include: ['test/security/**/*.test.{ts,tsx}', ...THREATS.flatMap(({ tests = [] }) => tests)],
    globalSetup: ['test/support/global-setup.ts'],
  },
})
