import { randomBytes } from 'node:crypto'
import { EtlError } from '../core/errors.js'
import type { Row, Value } from '../core/row.js'
import { spread } from '../core/spread.js'
import { exactNumber } from '../load/core-scalar.js'
import type { Pipeline } from '../load/pipeline.js'
import { compilePlan } from '../plan/compile.js'
import { openDatabases } from '../plan/open.js'
import type { EntityPlan, ReadPlan } from '../plan/plan.js'
import type { Resolver, Resolvers } from '../plan/resolve.js'
import { slices } from '../run/source-slices.js'
import type { EntitySpec, MappingTestSpec, PipelineSpec } from '../spec/model.js'
import { withNumbers } from '../verify/keyed-reader.js'
import { FoundKeys } from './found-keys.js'
import { keptTexts } from './kept-texts.js'
import { masker } from './mask.js'
import { givenBy, keyOf, mapRow } from './run-tests.js'

export interface RecordOptions {
  readonly entity: string
  /** Rows of the source, spread over all of them. */
  readonly rows: number
  /** Texts are replaced by others of the same shape, before the mapping. Default false. */
  readonly mask?: boolean
  /** Another one draws other rows and masks in another way. Default: 1 for the rows, a secret one for the mask. */
  readonly seed?: number
  readonly signal?: AbortSignal
}

/** Tests as the file's `tests:` has them; all of them pass today. */
export interface RecordedTests {
  readonly tests: readonly RecordedTest[]
  /** What is not in them, one sentence each. */
  readonly notes: readonly string[]
}

export type RecordedTest = Pick<MappingTestSpec, 'entity' | 'name' | 'given'> &
  Partial<Pick<MappingTestSpec, 'lookups' | 'refs' | 'expect'>> & {
    readonly expect_error?: { readonly field?: string; readonly code: string }
    readonly expect_filtered?: true
  }

/** Reads rows of an entity's source and notes what its mapping makes of them. Nothing is written to any database. */
export async function recordTests(pipeline: Pipeline, options: RecordOptions): Promise<RecordedTests> {
  const { spec } = pipeline
  const entity = spec.entities.find(({ name }) => name === options.entity)
  if (entity === undefined) {
    const hint = `there are: ${spec.entities.map(({ name }) => name).join(', ')}`
    throw new EtlError('E520', `there is no entity ${options.entity}`, { kind: 'usage', hint })
  }
  const databases = await openDatabases(pipeline, { readOnly: true, applicationName: `etl ${spec.name} test` })
  try {
    const plan = await compilePlan(pipeline, databases)
    const planned = plan.entities.find(({ name }) => name === entity.name)
    if (planned === undefined) throw new EtlError('E208', `${entity.name} is skipped: its source is not there`)
    const found = new FoundKeys(plan, databases)
    try {
      const read = readOf(planned)
      const rows = await drawRows(read, found, options)
      return await new Recorder(spec, entity, read, found, options).record(rows)
    } finally {
      await found.close()
    }
  } finally {
    await databases.close()
  }
}

/** Every column that a pass needs, in the form that functions look at. */
function readOf({ read, deferred }: EntityPlan): ReadPlan {
  const late = deferred?.read.columns.filter(({ name }) => read.columns.every(column => column.name !== name)) ?? []
  const { from } = read
  const columns = [...read.columns, ...(from.kind === 'union' ? [] : late)].map(column => ({ ...column, decode: true }))
  if (from.kind !== 'union') return { ...read, columns }
  const members = from.members.map(member => ({
    ...member,
    read: { ...member.read, columns: member.read.columns.map(column => ({ ...column, decode: true })) },
  }))
  return { ...read, columns, from: { kind: 'union', members } }
}

async function drawRows(read: ReadPlan, found: FoundKeys, options: RecordOptions): Promise<Row[]> {
  const { entity, rows, seed = 1, signal = new AbortController().signal } = options
  const slice = { rows: 1000, bytes: 1 << 24 }
  let count = 0
  for await (const batch of slices(found.open, read, slice, signal)) count += batch.rows.length
  const numbers = spread(count, rows, `${seed} ${entity}`)
  const drawn: Row[] = []
  const inline = read.from.kind === 'rows'
  const open = inline ? found.open : withNumbers(found.open, numbers)
  let at = 0
  for await (const { rows: some, malformed = [] } of slices(open, read, slice, signal)) {
    const bad = new Set(malformed.map(({ row }) => row))
    for (const [i, row] of some.entries()) if (!bad.has(i) && (!inline || numbers.includes(at++))) drawn.push(row)
  }
  return drawn
}

class Recorder {
  readonly #notes = new Set<string>()
  readonly #mask: (text: string) => string
  readonly #kept: (column: string, text: string) => boolean
  readonly #startedAt = new Date().toISOString()

  constructor(
    private readonly spec: PipelineSpec,
    private readonly entity: EntitySpec,
    private readonly read: ReadPlan,
    private readonly found: FoundKeys,
    { mask, seed }: RecordOptions,
  ) {
    this.#mask =
      mask === true ? masker(seed === undefined ? randomBytes(16).toString('hex') : String(seed)) : text => text
    this.#kept = keptTexts(entity)
  }

  async record(rows: readonly Row[]): Promise<RecordedTests> {
    const tests: RecordedTest[] = []
    for (const [i, row] of rows.entries()) tests.push(await this.#test(row, i + 1))
    return { tests, notes: [...this.#notes] }
  }

  async #test(row: Row, number: number): Promise<RecordedTest> {
    const real = this.#given(row, text => text)
    const given = this.#given(row, this.#mask)
    const [asked, askedMasked] = [await this.#asked(real), await this.#asked(given)]
    const lookups: Record<string, Record<string, Value>> = {}
    const refs: Record<string, Record<string, Value>> = {}
    for (const [i, { kind, name, key }] of asked.entries()) {
      const shown = askedMasked[i]?.key
      if (key === undefined || shown === undefined) continue
      const value = kind === 'ref' ? await this.found.ref(name, key) : await this.found.lookup(name, key)
      if (value === undefined) continue
      const tables = kind === 'ref' ? refs : lookups
      const table = tables[name] ?? {}
      tables[name] = table
      table[keyOf(shown)] ??= written(typeof value === 'string' && kind === 'lookup' ? this.#mask(value) : value)
    }
    const key = this.read.key.map(index => given[this.read.columns[index]?.name ?? ''] ?? null)
    return {
      entity: this.entity.name,
      name: `${this.entity.name} ${key.length === 0 ? number : keyOf(key)}`,
      given,
      ...(Object.keys(lookups).length === 0 ? {} : { lookups }),
      ...(Object.keys(refs).length === 0 ? {} : { refs }),
      ...(await this.#expectation(given, { lookups, refs })),
    }
  }

  /** The row as a file can hold it. */
  #given(row: Row, mask: (text: string) => string): Record<string, Value> {
    return Object.fromEntries(
      this.read.columns.flatMap(({ name, type }, i): [string, Value][] => {
        const value = row[i] ?? null
        if (Buffer.isBuffer(value)) {
          this.#notes.add(`${name} holds bytes, which a test cannot give: it is null there`)
          return []
        }
        const text = typeof value === 'string' && TEXTS.has(type.kind) && !this.#kept(name, value)
        return [[name, written(text ? mask(value) : value)]]
      }),
    )
  }

  /** What each look-up and ref of the mapping asks for, in the order of the fields. */
  async #asked(given: Readonly<Record<string, Value>>) {
    const asked: { readonly kind: 'lookup' | 'ref'; readonly name: string; key?: readonly Value[] }[] = []
    const asking = (kind: 'lookup' | 'ref', name: string): Resolver => {
      const one: (typeof asked)[number] = { kind, name }
      asked.push(one)
      return {
        prefetch: async ([key]) => {
          if (key !== undefined) one.key = key
        },
        get: () => undefined,
      }
    }
    const resolvers: Resolvers = { lookup: name => asking('lookup', name), ref: ({ entity }) => asking('ref', entity) }
    await mapRow(this.spec, this.entity, given, resolvers, this.#startedAt)
    return asked
  }

  async #expectation(
    given: Readonly<Record<string, Value>>,
    tables: Pick<MappingTestSpec, 'lookups' | 'refs'>,
  ): Promise<Pick<RecordedTest, 'expect' | 'expect_error' | 'expect_filtered'>> {
    const at = (startedAt: string) => mapRow(this.spec, this.entity, given, givenBy(tables), startedAt)
    const { outcome, targets } = await at(this.#startedAt)
    const [reject] = outcome.rejects
    if (reject !== undefined) {
      const { field, code } = reject
      return { expect_error: { ...(field === undefined ? {} : { field }), code } }
    }
    const [made] = outcome.rows
    if (made === undefined) return { expect_filtered: true }
    // What another time or another draw makes different is nothing to expect.
    const [other = []] = (await at('2061-07-28T12:00:00.000Z')).outcome.rows
    const stable = targets.flatMap((target, i): [string, unknown][] => {
      const [value = null, later = null] = [made[i], other[i]]
      if (String(value) === String(later)) return [[target, written(value)]]
      this.#notes.add(`${target} is another value each time: it is not compared`)
      return []
    })
    return { expect: Object.fromEntries(stable) }
  }
}

const TEXTS: ReadonlySet<string> = new Set(['text', 'any', 'json', 'other', 'enum'])

/** The value that a file's scalar stands for. */
function written(value: Value): Value {
  if (Buffer.isBuffer(value)) return value.toString('base64')
  if (typeof value !== 'number' && typeof value !== 'bigint') return value
  return Number.isFinite(Number(value)) ? exactNumber(value, String(value)) : String(value)
}
