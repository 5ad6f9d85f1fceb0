import { formatTable } from '../core/catalog.js'
import type { Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { type Catalogs, TARGET } from '../plan/catalogs.js'
import type { Databases } from '../plan/open.js'
import type { EntityPlan, Plan } from '../plan/plan.js'
import { sourceCatalogs } from '../plan/source-catalogs.js'
import { beginSession, ReadingSessions } from '../run/reading-sessions.js'
import type { Coverage, EntityCoverage, Finding } from './coverage.js'
import { emptyTables, meetsRows } from './empty-tables.js'
import { fieldCases } from './field-cases.js'
import { existsIn, keysOf } from './key-cases.js'
import { predict, type Tally } from './predict.js'
import { anyOf, type Condition, type Place, placesOf, Statement, unless } from './rows.js'
import { type Asked, type Sums, sumsOf } from './sums.js'

/** Values that are not in a map, shown for each field. */
const VALUES_SHOWN = 5

/** Entities whose rows are counted together. */
const AT_ONCE = 25

/** Asks the databases, by aggregates alone, what a run of the plan will meet. */
export async function coverPlan(
  plan: Plan,
  databases: Pick<Databases, 'sources' | 'target'>,
  signal: AbortSignal = new AbortController().signal,
): Promise<Coverage> {
  const catalogs = await sourceCatalogs(databases, plan)
  const sessions = new ReadingSessions(name => beginSession(catalogs.database(name), undefined))
  const entities: EntityCoverage[] = []
  const incomplete = new Set<string>()
  try {
    const empty = await whichAreEmpty(plan, databases.target, sessions)
    for (let from = 0; from < plan.entities.length; from += AT_ONCE) {
      const page = plan.entities.slice(from, from + AT_ONCE)
      const covers = page.map(entity => new Cover({ plan, entity, catalogs, sessions, incomplete, empty }))
      const sums = await sumsOfAll(
        covers.flatMap(({ looks }) => looks),
        sessions,
      )
      for (const cover of covers) {
        signal.throwIfAborted()
        const covered = await cover.entity(sums)
        entities.push(covered)
        if (mayLack(covered)) incomplete.add(covered.entity)
      }
    }
  } finally {
    await sessions.close()
  }
  return { entities }
}

/** Rows of it may not be in the target when others look for them; those that were there before are. */
function mayLack({ predicted, findings }: EntityCoverage): boolean {
  const lost = findings.some(
    ({ kind, means }) =>
      means === 'quarantined' || (means === 'skipped' && kind !== 'exists already' && kind !== 'duplicate key'),
  )
  return lost || predicted.written === undefined || predicted.written.bound !== undefined
}

/** None where the database refuses one of them: it says so again where that table is asked for alone. */
async function whichAreEmpty(
  { entities }: Plan,
  target: Databases['target'],
  sessions: ReadingSessions,
): Promise<ReadonlySet<string>> {
  try {
    return await emptyTables(sessions, target, entities)
  } catch (error) {
    if (!isRefusal(error)) throw error
    await sessions.renew()
    return new Set()
  }
}

/** What is counted in each place, in one statement for those of a source; none where it fails: each is asked alone then. */
async function sumsOfAll(looks: readonly Look[], sessions: ReadingSessions): Promise<ReadonlyMap<Place, Sums>> {
  const found = new Map<Place, Sums>()
  for (const source of new Set(looks.map(({ place }) => place.source))) {
    const asked = looks.filter(({ place }) => place.source === source)
    if (asked.length < 2) continue
    try {
      const rows = await sumsOf(await sessions.get(source), asked)
      for (const [i, { place }] of asked.entries()) found.set(place, rows[i] ?? [])
    } catch (error) {
      // One alone may be in time where all together were not, so that passing errors are no end of it.
      if (!(error instanceof EtlError) || error.kind === 'connection') throw error
      await sessions.renew()
    }
  }
  return found
}

/** What is wrong with a statement and not with the connection. */
function isRefusal(error: unknown): error is EtlError {
  return error instanceof EtlError && error.kind !== 'connection' && error.kind !== 'transient'
}

interface Covered {
  readonly plan: Plan
  readonly entity: EntityPlan
  readonly catalogs: Catalogs
  readonly sessions: ReadingSessions
  /** Entities whose rows may not all arrive. */
  readonly incomplete: ReadonlySet<string>
  /** Tables of the target that are known to have no rows. */
  readonly empty: ReadonlySet<string>
}

/** A place, and what is to be counted there. */
interface Look extends Asked {
  readonly fields: readonly ReturnType<typeof fieldCases>[]
  readonly cases: ReturnType<typeof fieldCases>['cases']
  /** Nothing is wrong with the row itself. */
  readonly sound: Condition
}

class Cover {
  readonly #plan: Plan
  readonly #entity: EntityPlan
  readonly #catalogs: Catalogs
  readonly #sessions: ReadingSessions
  readonly #incomplete: ReadonlySet<string>
  readonly #empty: ReadonlySet<string>
  readonly #findings = new Map<string, Finding>()
  readonly #unknown = new Set<string>()
  readonly #places: readonly (Look | undefined)[]

  constructor({ plan, entity, catalogs, sessions, incomplete, empty }: Covered) {
    this.#plan = plan
    this.#entity = entity
    this.#catalogs = catalogs
    this.#sessions = sessions
    this.#incomplete = incomplete
    this.#empty = empty
    this.#places = placesOf(entity, name => catalogs.database(name)).map(place => place && this.#look(place))
  }

  /** What is to be counted of the entity. */
  get looks(): readonly Look[] {
    return this.#places.filter(look => look !== undefined)
  }

  /** @param sums of places that were asked already */
  async entity(sums: ReadonlyMap<Place, Sums>): Promise<EntityCoverage> {
    const { name, read, program, incremental, dedupe, deferred } = this.#entity
    const tallies: Tally[] = []
    for (const look of this.#places) {
      if (look !== undefined) tallies.push(await this.#guarded(look, sums.get(look.place)))
      else if (read.from.kind === 'rows') {
        tallies.push({ read: read.from.rows.length, open: true })
        this.#unknown.add('rows of the file are looked at by the run alone')
      } else {
        tallies.push({ open: true })
        this.#unknown.add('files are looked at by the run alone')
      }
    }
    if (program.filter !== undefined) this.#unknown.add('which rows `filter` drops is computed here')
    if (dedupe !== undefined) this.#unknown.add('which rows `dedupe` drops is found while reading')
    if (incremental !== undefined) this.#unknown.add('a later run reads only what is past its mark')
    if (deferred !== undefined) this.#unknown.add('the second pass is not predicted')
    const open =
      this.#unknown.size > 0 || (read.from.kind === 'union' && read.from.members.length > 1 && this.#findings.size > 0)
    const drops = program.filter !== undefined || dedupe !== undefined || incremental !== undefined
    return {
      entity: name,
      predicted: predict(tallies, { open, filter: program.filter !== undefined, dedupe: dedupe !== undefined, drops }),
      findings: [...this.#findings.values()],
      unknown: [...this.#unknown],
    }
  }

  /** What a database refuses to compare is not predicted; the plan itself is none the worse. */
  async #guarded(look: Look, sums: Sums | undefined): Promise<Tally> {
    try {
      return await this.#place(look, sums)
    } catch (error) {
      if (!isRefusal(error)) throw error
      await this.#sessions.renew()
      this.#unknown.add(`the source refuses to say: ${error.message}`)
      return { open: true }
    }
  }

  #look(place: Place): Look {
    const fields = this.#entity.program.fields.map(field => fieldCases(this.#plan, this.#entity, field, place))
    const cases = fields.flatMap(each => each.cases)
    const bad = (means: Finding['means']): Condition =>
      anyOf(cases.filter(each => each.means === means).map(({ condition }) => condition))
    const conditions: Condition[] = [
      () => '1 = 1',
      bad('quarantined'),
      bind => `(${bad('skipped')(bind)}) and ${unless(bad('quarantined'))(bind)}`,
      bad('fails'),
      ...cases.map(({ condition }) => condition),
    ]
    const sound = unless(anyOf([bad('quarantined'), bad('skipped'), bad('fails')]))
    return { place, fields, cases, conditions, sound }
  }

  async #place({ place, fields, cases, conditions, sound }: Look, sums: Sums | undefined): Promise<Tally> {
    const { write } = this.#entity
    const session = await this.#sessions.get(place.source)
    for (const { refersTo } of fields)
      if (refersTo !== undefined && this.#incomplete.has(refersTo))
        this.#unknown.add(`rows of ${refersTo} that do not arrive are missing here too`)
    for (const { unknown } of fields) if (unknown !== undefined) this.#unknown.add(unknown)
    const found = sums ?? (await sumsOf(session, [{ place, conditions }]))[0]
    const [read = 0, quarantined = 0, skipped = 0, failing = 0, ...counts] = found ?? []
    for (const [i, { kind, field, means, condition, valuesOf }] of cases.entries()) {
      const rows = counts[i] ?? 0
      const values = rows === 0 || valuesOf === undefined ? [] : await this.#values(session, place, condition, valuesOf)
      this.#note({ kind, field, rows, means, ...(values.length === 0 ? {} : { values }) })
    }
    const tally = { read, quarantined, skipped, fails: failing > 0, open: false }
    if (write.primaryKey.length + write.uniques.length + write.match.length === 0) return tally
    return this.#keys(session, place, sound, tally)
  }

  /** Keys that come twice, and keys that the target has already. */
  async #keys(session: Session, place: Place, sound: Condition, tally: Tally): Promise<Tally> {
    const { write, onError } = this.#entity
    const { known, computed } = keysOf(this.#entity, place, this.#catalogs)
    for (const key of computed) this.#unknown.add(`key ${key}: it is computed`)
    const target = this.#catalogs.database(TARGET)
    const none = !meetsRows(this.#entity, target) || this.#empty.has(formatTable(write.table))
    const exists = none ? undefined : await existsIn(this.#entity, target, await this.#sessions.get(TARGET), place)
    const rejected = onError === 'fail' ? 'fails' : onError === 'skip' ? 'skipped' : 'quarantined'
    let { quarantined = 0, skipped = 0, fails = false } = tally
    const add = (means: 'quarantined' | 'skipped' | 'fails' | 'updated', rows: number): void => {
      if (means === 'quarantined') quarantined += rows
      if (means === 'skipped') skipped += rows
      if (means === 'fails' && rows > 0) fails = true
    }
    let passing = sound
    const conflicts = new Set<string>()
    for (const key of known) {
      const field = key.columns.join(', ')
      const ofMatch = key.isMatch && write.mode !== 'insert'
      const there = await exists?.(key)
      if (typeof there === 'string') this.#unknown.add(there)
      const condition: Condition | undefined =
        typeof there === 'function'
          ? there
          : exists === undefined && write.mode === 'update'
            ? () => '1 = 0'
            : undefined
      if (condition !== undefined && !(write.mode === 'update' && !ofMatch)) {
        const missing = write.mode === 'update'
        const wanted = missing ? unless(condition) : condition
        const before = passing
        const conditions: Condition[] = [bind => `${before(bind)} and (${wanted(bind)})`]
        const rows = (await sumsOf(session, [{ place, conditions }]))[0]?.[0] ?? 0
        const means = missing ? rejected : !ofMatch ? rejected : write.mode === 'ignore' ? 'skipped' : 'updated'
        this.#note({ kind: missing ? 'missing in the target' : 'exists already', field, rows, means })
        add(means, rows)
        // An upsert finds its own row by other keys too, so that a conflict there need not be one.
        if (means !== 'updated') {
          passing = bind => `${before(bind)} and ${unless(wanted)(bind)}`
          if (rows > 0) conflicts.add(field)
        }
      }
      if (key.unique) continue
      const doubles = await this.#doubles(session, place, passing, key.sql)
      const means = !ofMatch ? rejected : write.mode === 'ignore' ? 'skipped' : 'updated'
      this.#note({ kind: 'duplicate key', field, rows: doubles, means })
      add(means, doubles)
      if (doubles > 0 && means !== 'updated') conflicts.add(field)
    }
    if (conflicts.size > 1) this.#unknown.add('rows that break several keys are counted more than once')
    return { ...tally, quarantined, skipped, fails }
  }

  /** Rows beyond the first of each key. */
  async #doubles(session: Session, place: Place, passing: Condition, columns: readonly string[]): Promise<number> {
    const statement = new Statement(place.database.connector.capabilities.dialect)
    const given = columns.map(column => `${column} is not null`).join(' and ')
    const groups = `select count(*) - 1 as n from ${place.from} r where ${given} and ${passing(statement.bind)} group by ${columns.join(', ')} having count(*) > 1`
    const [row] = await session.query(`select sum(d.n) as n from (${groups}) d`, statement.params)
    return Number(row?.[0] ?? 0)
  }

  async #values(
    session: Session,
    place: Place,
    condition: Condition,
    column: string,
  ): Promise<NonNullable<Finding['values']>> {
    const statement = new Statement(place.database.connector.capabilities.dialect)
    const groups = `select ${column} as v, count(*) as n from ${place.from} r where ${condition(statement.bind)} group by ${column}`
    const rows = await session.query(`select d.v, d.n from (${groups}) d order by d.n desc, d.v`, statement.params)
    return rows.slice(0, VALUES_SHOWN).map(([value, count]) => ({ value: String(value), rows: Number(count) }))
  }

  #note(finding: Finding): void {
    if (finding.rows === 0) return
    const key = JSON.stringify([finding.kind, finding.field, finding.means])
    const before = this.#findings.get(key)
    this.#findings.set(key, before === undefined ? finding : { ...before, rows: before.rows + finding.rows })
  }
}
