import type { RunRecord } from '../history/record.js'
import { plural } from '../ui/format.js'
import { checkCase } from './check-junit.js'
import { html, type Markup } from './markup.js'

export interface TestCase {
  readonly name: string
  readonly ms?: number
  /** Why it failed, in one line. */
  readonly failure?: string
  readonly details?: string
  /** Why nothing can be said. */
  readonly skipped?: string
}

export interface TestSuite {
  readonly name: string
  readonly cases: readonly TestCase[]
}

/** Suites as the JUnit XML that build servers read. */
export function junitXml(name: string, suites: readonly TestSuite[]): string {
  const all = suites.flatMap(({ cases }) => cases)
  const document = html`<testsuites name="${name}" tests="${all.length}" failures="${failures(all)}">
${suites.map(
  suite => html`  <testsuite name="${suite.name}" tests="${suite.cases.length}" failures="${failures(suite.cases)}">
${suite.cases.map(one => testCase(suite.name, one))}  </testsuite>
`,
)}</testsuites>
`
  return `<?xml version="1.0" encoding="UTF-8"?>\n${document}`
}

function failures(cases: readonly TestCase[]): number {
  return cases.filter(({ failure }) => failure !== undefined).length
}

function testCase(suite: string, { name, ms, failure, details, skipped }: TestCase): Markup {
  const time = ms !== undefined && html` time="${(ms / 1000).toFixed(3)}"`
  const head = html`    <testcase classname="${suite}" name="${name}"${time}`
  if (failure !== undefined) {
    return html`${head}><failure message="${failure}">${details}</failure></testcase>
`
  }
  return skipped === undefined
    ? html`${head}/>
`
    : html`${head}><skipped message="${skipped}"/></testcase>
`
}

/** A run as test cases: one for each entity, check and verified entity. Rows in quarantine fail their entity. */
export function junitOf(record: RunRecord): TestSuite[] {
  const { checks, verification } = record
  const entities = record.entities.map(({ name, ms, state, counts, unresolved, rejects }): TestCase => {
    const details = rejects.map(
      ({ code, field, message, rows }) => `${plural(rows, 'row')}: ${code} ${field ?? ''} ${message}`,
    )
    const failure =
      state === 'failed'
        ? `${record.error?.code ?? ''} ${record.error?.message ?? 'failed'}`.trim()
        : counts.quarantined + unresolved > 0
          ? `${plural(counts.quarantined + unresolved, 'row')} quarantined`
          : undefined
    if (failure !== undefined) return { name, ms, failure, details: details.join('; ') }
    return state === 'done' ? { name, ms } : { name, ms, skipped: state }
  })
  const run: TestCase = {
    name: `run ${record.runId}`,
    ms: record.ms,
    ...(record.error === undefined ? {} : { failure: `${record.error.code} ${record.error.message}` }),
  }
  return [
    { name: `${record.pipeline} run`, cases: [run] },
    { name: `${record.pipeline} entities`, cases: entities },
    ...(checks === undefined
      ? []
      : [{ name: `${record.pipeline} checks`, cases: checks.outcomes.map(each => checkCase(each, checks.forced)) }]),
    ...(verification === undefined
      ? []
      : [{ name: `${record.pipeline} verification`, cases: verification.entities.map(verifiedCase) }]),
  ]
}

type VerifiedEntity = NonNullable<RunRecord['verification']>['entities'][number]

function verifiedCase({ name, ms, state, counts, fields, notVerifiable }: VerifiedEntity): TestCase {
  const wrong = [...counts.problems, ...fields.map(({ column, rows }) => `${column}: ${plural(rows, 'value')} differ`)]
  if (state === 'mismatch') return { name, ms, failure: wrong.join('; ') || 'rows differ' }
  const why = notVerifiable.map(({ column, why }) => (column === undefined ? why : `${column}: ${why}`))
  return state === 'verified' ? { name, ms } : { name, ms, skipped: why.join('; ') || state }
}
