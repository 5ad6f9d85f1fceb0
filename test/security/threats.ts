/** A row of the threat table: what somebody may try, and which tests beside `test/security/<id>*.test.ts` try it. */
export interface Threat {
  readonly id: string
  readonly threat: string
  readonly tests?: readonly string[]
}

const conformance = ['test/conformance/session.test.ts']
const connection = (...names: string[]): string[] => names.map(name => `test/unit/connectors/${name}.test.ts`)

export const THREATS: readonly Threat[] = [
  { id: 'identifiers', threat: 'SQL by hostile names', tests: conformance },
  { id: 'raw-sql', threat: 'several statements in one', tests: connection('mysql/connection') },
  { id: 'values', threat: 'SQL by hostile values', tests: connection('mysql/values', 'mysql/encoder') },
  { id: 'driver-options', threat: 'options by address', tests: connection('postgres/connection', 'mysql/connection') },
  { id: 'tls', threat: 'another server in between', tests: ['test/unit/core/server.test.ts'] },
  {
    id: 'secrets',
    threat: 'passwords told or kept',
    tests: ['test/e2e/secrets.test.ts', 'test/unit/load/environment.test.ts', 'test/unit/load/code-frame.test.ts'],
  },
  {
    id: 'personal-data',
    threat: 'rows in errors and logs',
    tests: connection('postgres/errors', 'mysql/errors', 'oracle/errors'),
  },
  {
    id: 'yaml-bombs',
    threat: 'files that never end',
    tests: ['test/unit/load/bad-input.test.ts', 'test/unit/load/fuzz.test.ts'],
  },
  { id: 'yaml-typing', threat: 'values that YAML changes', tests: ['test/unit/load/expand.test.ts'] },
  { id: 'prototypes', threat: 'prototype pollution', tests: connection('jsonl/members') },
  { id: 'json-logic', threat: 'escape from expressions', tests: ['test/unit/transforms/expression.test.ts'] },
  {
    id: 'regex',
    threat: 'expressions that never end',
    tests: ['test/unit/core/time-limit.test.ts', 'test/unit/plan/row-program.test.ts'],
  },
  { id: 'own-code', threat: 'code nobody allowed', tests: ['test/e2e/own-functions.test.ts'] },
  { id: 'file-paths', threat: 'files outside the folder', tests: connection('csv/bad-files') },
  { id: 'spreadsheets', threat: 'formulas in reports' },
  {
    id: 'pages-and-terminals',
    threat: 'script and escape sequences',
    tests: ['test/e2e/reports.test.ts', 'test/unit/ui/error-text.test.ts'],
  },
  { id: 'privileges', threat: 'logins with every right', tests: connection('oracle/create-right') },
  { id: 'file-modes', threat: 'files that others read', tests: ['test/unit/run/checkpoint.test.ts'] },
  {
    id: 'resources',
    threat: 'memory and disk',
    tests: ['test/e2e/large-shapes.test.ts', 'test/e2e/disk-full.test.ts'],
  },
  { id: 'supply-chain', threat: 'packages and the network', tests: ['test/unit/dependencies.test.ts'] },
  { id: 'dry-run', threat: 'a dry run that writes', tests: ['test/e2e/dry-run.test.ts'] },
  {
    id: 'destructive',
    threat: 'rows lost by mistake',
    tests: ['test/e2e/terminal.test.ts', 'test/e2e/undo.test.ts', 'test/e2e/backup.test.ts'],
  },
]

/** Threat of a test file: the one whose id begins its name, else the one that names it. */
export function threatsOf(file: string): Threat[] {
  const name = /^test\/security\/(.*)\.test\.tsx?$/.exec(file)?.[1]
  if (name === undefined) return THREATS.filter(({ tests = [] }) => tests.includes(file))
  return [THREATS.find(({ id }) => name === id || name.startsWith(`${id}-`)) ?? { id: name, threat: name }]
}
