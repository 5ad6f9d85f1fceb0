import { defineConfig } from 'vitest/config'

const TIMED = ['test/e2e/start-up.test.ts']
/** Minutes of being killed, cut off and moved as a whole: `npm run test:long`. */
const LONG = [
  'test/conformance/table-dump.test.ts',
  'test/e2e/{backup,backup-servers,bad-connections-servers,begin,chunks,dedupe,faults,incremental,kill}.test.ts',
  'test/e2e/{lost-connection,oracle-kill,package,regressions,rehearsal-servers,round-trip,running,secrets}.test.ts',
  'test/e2e/{takeover,thread-asks,undo,undo-oracle,union-kill}.test.ts',
  'test/e2e/{files,files-target,io-errors,large-shapes,pooler,quarantine,races,rivals,source-altered,verify-hashes}.test.ts',
  'test/engine/*.test.ts',
  'test/matrix/matrix.test.ts',
  'test/security/**/*.test.{ts,tsx}',
  'test/systems/**/*.test.ts',
  'test/torture/**/*.test.ts',
]

const shared = { root: new URL('..', import.meta.url).pathname, testTimeout: 30_000, hookTimeout: 120_000 }

export default defineConfig({
  test: {
    root: shared.root,
    // One more than the smallest machine has cores: many tests wait for servers and processes.
    maxWorkers: 3,
    reporters: ['default'],
    projects: [
      {
        test: {
          ...shared,
          name: 'all',
          include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
          exclude: [...TIMED, ...LONG],
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
      {
        test: {
          ...shared,
          testTimeout: 120_000,
          name: 'long',
          include: LONG,
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
      // What is timed runs when everything else is done, so that it does not run beside it.
      { test: { ...shared, name: 'timed', include: TIMED, sequence: { groupOrder: 1 } } },
    ],
  },
})
