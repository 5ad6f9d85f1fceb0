import { connectorNamed } from '../connectors/registry.js'
import type { ErrorCode } from '../core/codes.js'
import { EtlError } from '../core/errors.js'
import type { Row, Value } from '../core/row.js'
import type { Pipeline } from '../load/pipeline.js'
import { type BatchOutcome, newOutcome } from '../plan/outcome.js'
import type { Resolver, Resolvers } from '../plan/resolve.js'
import { compileRowProgram } from '../plan/row-program.js'
import type { EntitySpec, MappingTestSpec, PipelineSpec } from '../spec/model.js'
import { bareProgram } from './bare-program.js'
import { sameValue } from './same-value.js'

export interface MappingTestOptions {
  /** Only tests of these entities. Default: all. */
  readonly entities?: readonly string[]
  /** When the tests run, for functions that ask; ISO in UTC. */
  readonly startedAt?: string
}

export interface MappingTestResult {
  readonly entity: string
  readonly name: string
  readonly ok: boolean
  /** What is not as expected, one line each. */
  readonly problems: readonly string[]
  /** Line of the file. */
  readonly line: number
}

export interface MappingTestReport {
  readonly pipeline: string
  readonly ok: boolean
  readonly tests: readonly MappingTestResult[]
}

/** Puts the rows of the file's `tests` through the mappings, without any database, and compares. */
export async function runMappingTests(
  { spec, locate }: Pipeline,
  options: MappingTestOptions = {},
): Promise<MappingTestReport> {
  const tests: MappingTestResult[] = []
  for (const test of spec.tests) {
    const { entity, name, path } = test
    if (options.entities?.includes(entity) === false) continue
    const problems = await problemsOf(spec, test, options)
    tests.push({ entity, name, ok: problems.length === 0, problems, line: locate(path).line })
  }
  return { pipeline: spec.name, ok: tests.every(({ ok }) => ok), tests }
}

async function problemsOf(spec: PipelineSpec, test: MappingTestSpec, options: MappingTestOptions): Promise<string[]> {
  const entity = spec.entities.find(({ name }) => name === test.entity)
  if (entity === undefined) throw new EtlError('E901', `the test of ${test.entity} was not checked`)
  const startedAt = options.startedAt ?? new Date().toISOString()
  const { outcome, targets } = await mapRow(spec, entity, test.given, givenBy(test), startedAt)
  const [row] = outcome.rows
  const [reject] = outcome.rejects
  const happened =
    reject !== undefined
      ? `the row is rejected: ${reject.code} ${reject.field === undefined ? '' : `${reject.field}: `}${reject.message}`
      : row === undefined
        ? 'the row is filtered'
        : 'the row gets through'
  if (test.expectFiltered) return outcome.filtered === 1 ? [] : [`expected to be filtered: ${happened}`]
  if (test.expectError !== undefined)
    return reject === undefined ? [`expected an error: ${happened}`] : mismatch(test, reject)
  if (row === undefined) return [happened]
  return Object.entries(test.expect ?? {}).flatMap(([target, expected]) => {
    const index = targets.indexOf(target)
    if (index < 0) return [`${target}: the entity has no such field`]
    const actual = row[index] ?? null
    return sameValue(expected, actual) ? [] : [`${target}: expected ${shown(expected)}, got ${shown(actual)}`]
  })
}

function mismatch(
  { expectError }: MappingTestSpec,
  reject: { readonly code: ErrorCode; readonly field?: string; readonly message: string },
): string[] {
  const { code, field } = expectError ?? {}
  const got = `${reject.code} ${reject.message}`
  return [
    ...(code !== undefined && code !== reject.code ? [`expected error ${code}, got ${got}`] : []),
    ...(field !== undefined && field !== reject.field
      ? [`expected an error in ${field}, got one in ${reject.field ?? 'the row'}: ${got}`]
      : []),
  ]
}

/** One row through the mapping of an entity. */
export async function mapRow(
  spec: PipelineSpec,
  entity: EntitySpec,
  values: Readonly<Record<string, Value>>,
  resolvers: Resolvers,
  startedAt: string,
): Promise<{ readonly outcome: BatchOutcome; readonly targets: readonly string[] }> {
  const { read, program } = bareProgram(entity, Object.keys(values))
  const runId = '00000000'
  const capabilities = connectorNamed(spec.target.type)?.capabilities
  const compiled = compileRowProgram(
    program,
    { ...read, from: { kind: 'rows', rows: [] }, order: [] },
    {
      context: { startedAt, runId },
      constants: {
        '$run.id': runId,
        '$run.started_at': startedAt,
        $entity: entity.name,
        ...Object.fromEntries(Object.entries(spec.vars).map(([name, value]) => [`$vars.${name}`, value])),
      },
      resolvers,
      nulInText: capabilities?.nulInText ?? false,
      ...(capabilities?.emptyIsNull === true ? { emptyIsNull: true } : {}),
      looseSource: true,
      entityPolicy: entity.onError,
    },
  )
  const rows: Row[] = [read.columns.map(({ name }) => (Object.hasOwn(values, name) ? (values[name] ?? null) : null))]
  if (compiled.needsPrefetch) await compiled.prefetch(rows)
  const outcome = newOutcome()
  compiled.run(rows, outcome)
  return { outcome, targets: program.fields.map(({ target }) => target) }
}

/** Look-ups and refs find what the test says, and nothing else. */
export function givenBy({ lookups, refs }: Pick<MappingTestSpec, 'lookups' | 'refs'>): Resolvers {
  const resolver = (table: Readonly<Record<string, Value>> = {}): Resolver => ({
    prefetch: async () => undefined,
    get: key => {
      const text = keyOf(key)
      return Object.hasOwn(table, text) ? table[text] : undefined
    },
  })
  return { lookup: name => resolver(lookups[name]), ref: ({ entity }) => resolver(refs[entity]) }
}

/** A key as it stands in a test. */
export function keyOf(values: readonly Value[]): string {
  return values.map(value => (Buffer.isBuffer(value) ? value.toString('utf8') : String(value))).join(',')
}

function shown(value: unknown): string {
  if (typeof value === 'bigint') return String(value)
  return Buffer.isBuffer(value) ? `bytes ${value.toString('hex')}` : JSON.stringify(value)
}
