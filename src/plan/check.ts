import type { TableRef } from '../core/catalog.js'
import { formatTable } from '../core/catalog.js'
import type { Database, MissingRight } from '../core/connector.js'
import { EtlError, PipelineError } from '../core/errors.js'
import { quoteName, quoteNames, quoteTable } from '../core/sql.js'
import type { Pipeline } from '../load/pipeline.js'
import { type CatalogSources, type Catalogs, TARGET } from './catalogs.js'
import { checkEquated } from './check-equated.js'
import { type CheckItem, count } from './check-item.js'
import { compilePlan } from './compile.js'
import { type LookupPlan, type MemberRead, type Plan, readsOf } from './plan.js'
import { sourceCatalogs } from './source-catalogs.js'
import { isUnique } from './source-shape.js'

export interface DatabaseReport {
  readonly items: readonly CheckItem[]
  /** Undefined where the pipeline cannot be planned; the items say why. */
  readonly plan?: Plan
}

/** Looks at everything a run needs without writing: tables and columns, rights, and whether the source keys hold. */
export async function checkDatabases(pipeline: Pipeline, databases: CatalogSources): Promise<DatabaseReport> {
  const items: CheckItem[] = [...databases.sources, ['target', databases.target] as const].map(([where, database]) => {
    return { where, what: 'connection', ok: true, detail: database.identity.label }
  })
  const access = await checkAccess(pipeline, databases)
  items.push(...access.items)
  const { plan } = access
  if (plan !== undefined) {
    const catalogs = await sourceCatalogs(databases, plan)
    for (const [name, lookup] of Object.entries(plan.lookups)) items.push(await checkLookup(name, lookup, databases))
    for (const { name, read } of plan.entities) {
      for (const each of readsOf(read)) items.push(...(await checkKey(name, each, catalogs)))
    }
    items.push(...(await checkTargetKeys(plan, databases)))
  }
  return { items, ...(plan === undefined ? {} : { plan }) }
}

/** Tables, columns and rights: what the catalogs say, without a look at rows. */
export async function checkAccess(pipeline: Pipeline, databases: CatalogSources): Promise<DatabaseReport> {
  const items: CheckItem[] = []
  const plan = await planOrProblems(pipeline, databases, items)
  if (plan === undefined) return { items }
  items.push(...(await checkRights(plan, databases)), ...(await checkCreateRights(plan, databases)))
  return { items, plan }
}

async function planOrProblems(
  pipeline: Pipeline,
  databases: CatalogSources,
  items: CheckItem[],
): Promise<Plan | undefined> {
  try {
    const plan = await compilePlan(pipeline, databases)
    for (const { name, read, write } of plan.entities) {
      const [from, to] = [read.columns.length, write.columns.length]
      const detail = `${from} columns read, ${to} written${write.create ? ', table to be created' : ''}`
      items.push({ where: name, what: 'tables and columns', ok: true, detail })
    }
    for (const { entity, reason } of plan.skipped) {
      items.push({ where: entity, what: 'tables and columns', ok: true, detail: `skipped: ${reason}` })
    }
    return plan
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    for (const { code, message, hint, path, position, severity } of error.diagnostics) {
      if (severity !== 'error') continue
      const line = position === undefined ? '' : `, line ${position.line}`
      const where = path[0] === 'entities' && path.length > 1 ? String(path[1]) : 'pipeline'
      items.push({
        where,
        what: `${path.slice(2).join('.')}${line}`.replace(/^, /, ''),
        ok: false,
        detail: message,
        code,
        ...(hint === undefined ? {} : { hint }),
      })
    }
    return undefined
  }
}

async function checkRights(plan: Plan, databases: CatalogSources): Promise<CheckItem[]> {
  const wanted = new Map<string, { where: string; table: TableRef; right: 'select' | 'write' }>()
  const want = (where: string, table: TableRef, right: 'select' | 'write'): void => {
    wanted.set(`${where} ${right} ${formatTable(table)}`, { where, table, right })
  }
  const targetFiles = databases.target.connector.capabilities.files === true
  for (const { read, write } of plan.entities) {
    for (const { from } of readsOf(read)) {
      if (from.kind === 'table') want(from.source === TARGET ? 'target' : from.source, from.table, 'select')
    }
    if (!write.create || targetFiles) want('target', write.table, 'write')
  }
  for (const lookup of Object.values(plan.lookups)) want(lookup.in, lookup.table, 'select')
  const items: CheckItem[] = []
  for (const { where, table, right } of wanted.values()) {
    const rights = await databaseOf(databases, where).rights(table)
    const what = right === 'select' ? `read ${formatTable(table)}` : `write ${formatTable(table)}`
    const detail = right === 'select' ? 'the login may not read it' : 'the login may not write to it'
    items.push(rights[right] ? { where, what, ok: true } : { where, what, ok: false, detail, code: 'E304' })
  }
  return items
}

/** A folder of files is looked at where its own ledger is. */
async function checkCreateRights({ entities }: Plan, { target }: CatalogSources): Promise<CheckItem[]> {
  const items: CheckItem[] = []
  for (const { write } of entities) {
    if (!write.create || target.connector.capabilities.files === true) continue
    const right = await target.missingCreateRight?.(write.table)
    if (right !== undefined) items.push(notCreatable(formatTable(write.table), right))
  }
  return items
}

export function notCreatable(what: string, { message, hint }: MissingRight): CheckItem {
  return { where: 'target', what: `create ${what}`, ok: false, detail: message, code: 'E311', hint }
}

function databaseOf(databases: CatalogSources, name: string): Database {
  if (name === 'target' || name === TARGET) return databases.target
  const database = databases.sources.get(name)
  if (database === undefined) throw new EtlError('E202', `source "${name}" has not been opened`, { kind: 'usage' })
  return database
}

const COMPARABLE: ReadonlySet<string> = new Set([
  'boolean',
  'integer',
  'decimal',
  'float',
  'date',
  'timestamp',
  'uuid',
  'enum',
])

/** Do keys of a look-up stand for several values? */
async function checkLookup(name: string, lookup: LookupPlan, databases: CatalogSources): Promise<CheckItem> {
  const database = databaseOf(databases, lookup.in)
  const { dialect } = database.connector.capabilities
  const names = lookup.key.map(column => column.name)
  const [where, what] = [`look-up ${name}`, `key ${names.join(', ')}`]
  const table = await database.table(lookup.table)
  if (table !== undefined && isUnique(table, names)) return { where, what, ok: true, detail: 'unique' }
  const keys = quoteNames(dialect, names)
  const given = names.map(each => `${quoteName(dialect, each)} is not null`).join(' and ')
  const values = quoteNames(dialect, [...new Set([...names, ...lookup.value.map(column => column.name)])])
  // Large objects cannot be compared everywhere: there the rows are counted.
  const comparable = lookup.value.every(
    ({ type }) => COMPARABLE.has(type.kind) || (type.kind === 'text' && type.length !== undefined),
  )
  const [distinct, several] = comparable ? ['distinct ', 'values'] : ['', 'rows']
  const pairs = `select ${distinct}${values} from ${quoteTable(dialect, lookup.table)} where ${given}`
  const session = await database.session({ readOnly: true })
  try {
    const doubles = await count(
      session,
      `select count(*) from (select ${keys} from (${pairs}) p group by ${keys} having count(*) > 1) d`,
    )
    if (doubles === 0) return { where, what, ok: true, detail: 'each key stands once' }
    const detail = `${doubles === 1 ? '1 key has' : `${doubles} keys have`} several ${several}`
    const hint = 'keep one row a key there, or look up in a view that does'
    return { where, what, ok: false, detail, code: 'E519', hint }
  } finally {
    await session.close()
  }
}

/** Looks closer at keys of the target that the plan has its doubts about. */
async function checkTargetKeys(plan: Plan, databases: CatalogSources): Promise<CheckItem[]> {
  const doubtful = new Set(plan.warnings.filter(({ code }) => code === 'E226').map(({ path }) => path[1]))
  const items: CheckItem[] = []
  for (const entity of plan.entities.filter(({ name }) => doubtful.has(name))) {
    const { from } = entity.read
    if (from.kind === 'rows' || from.kind === 'union') continue
    const source = databaseOf(databases, from.source)
    const target = await databases.target.table(entity.write.table)
    if (target === undefined || source.connector.capabilities.files === true) continue
    items.push(...(await checkEquated(entity, target, source)))
  }
  return items
}

/** Asks the source itself about keys that nothing there guarantees. */
async function checkKey(name: string, read: MemberRead, catalogs: Catalogs): Promise<CheckItem[]> {
  if (read.from.kind === 'rows' || read.key.length === 0) return []
  const database = catalogs.database(read.from.source)
  const { dialect, files } = database.connector.capabilities
  // Rows of a file are told apart by where they stand, whatever their keys are.
  if (files === true) return []
  const keys = read.key.flatMap(index => read.columns[index] ?? [])
  const names = keys.map(column => column.name)
  const table = read.from.kind === 'table' ? catalogs.table(read.from.source, read.from.table) : undefined
  const unique = table !== undefined && isUnique(table, names)
  const nullable = keys.filter(column => table === undefined || column.nullable).map(column => column.name)
  if (unique && nullable.length === 0) return []
  const rows = read.from.kind === 'table' ? quoteTable(dialect, read.from.table) : `(${read.from.query}) q`
  const where = read.where === undefined ? '' : ` where (${read.where})`
  const what = `key ${names.join(', ')}`
  const session = await database.session({ readOnly: true })
  try {
    const nulls =
      nullable.length === 0
        ? 0
        : await count(
            session,
            `select count(*) from (select * from ${rows}${where}) k where ${nullable
              .map(column => `${quoteName(dialect, column)} is null`)
              .join(' or ')}`,
          )
    const list = quoteNames(dialect, names)
    const groups = `select ${list} from (select * from ${rows}${where}) k group by ${list} having count(*) > 1`
    const doubles = unique ? 0 : await count(session, `select count(*) from (${groups}) d`)
    const hint = 'choose other columns for `key`, or leave such rows out with `where`'
    return [
      ...(nulls > 0
        ? [
            {
              where: name,
              what,
              ok: false,
              detail: nulls === 1 ? '1 row has a null key' : `${nulls} rows have a null key`,
              code: 'E422',
              hint,
            } as const,
          ]
        : []),
      ...(doubles > 0
        ? [
            {
              where: name,
              what,
              ok: false,
              detail: doubles === 1 ? '1 key stands for several rows' : `${doubles} keys stand for several rows`,
              code: 'E518',
              hint,
            } as const,
          ]
        : []),
      ...(nulls + doubles === 0 ? [{ where: name, what, ok: true, detail: 'unique and never null' }] : []),
    ]
  } finally {
    await session.close()
  }
}
