import { EtlError } from '../core/errors.js'
import { keyText, type Row, type Value } from '../core/row.js'
import { type ReadPlan, readsOf } from '../plan/plan.js'
import { databaseNamed, type RunContext } from '../run/context.js'
import { keyOf } from '../run/prepared-batch.js'
import type { OpenSource } from '../run/reading-sessions.js'
import { parseKey } from '../run/reject-key.js'
import { readSpec, slices } from '../run/source-slices.js'

const ROWS = 1000
const BYTES = 16 * 1024 * 1024

/** The key that was given, in the form of its columns; several values are written `a,b` or as a JSON array of texts. */
export function keyGiven(read: ReadPlan, given: string): readonly Value[] {
  const names = read.key.map(index => read.columns[index]?.name ?? '')
  if (names.length === 0) {
    throw new EtlError('E520', 'the rows have no key, so none can be named', {
      kind: 'usage',
      hint: 'give the entity a `key`',
    })
  }
  const asList = given.startsWith('[') ? given : JSON.stringify(given.split(','))
  const key = parseKey(read, names.length === 1 ? given : asList)
  if (key !== undefined) return key
  throw new EtlError('E520', `the key has ${names.length} columns: ${names.join(', ')}`, {
    kind: 'usage',
    hint: `write their values in this order, with commas: ${names.map(name => `<${name}>`).join(',')}`,
  })
}

/** Can the source be asked for one row? Otherwise all of it is looked through. */
export function isAsked(read: ReadPlan, context: Pick<RunContext, 'sources' | 'target'>): boolean {
  const { from } = read
  return (
    (from.kind === 'table' || from.kind === 'query') &&
    databaseNamed(context, from.source).connector.capabilities.files !== true
  )
}

/** The row of the key, as a run reads it; undefined where there is none. */
export async function findRow(
  read: ReadPlan,
  key: readonly Value[],
  open: OpenSource,
  context: Pick<RunContext, 'sources' | 'target'>,
  signal: AbortSignal,
): Promise<Row | undefined> {
  const { from } = read
  if (isAsked(read, context) && (from.kind === 'table' || from.kind === 'query')) {
    const session = await open(from.source)
    const spec = readSpec({ ...read, order: read.key }, from, { rows: 2, bytes: BYTES })
    for await (const { rows } of session.read({ ...spec, keys: [key] }, signal))
      if (rows[0] !== undefined) return rows[0]
    return undefined
  }
  const wanted = keyText(key)
  for await (const { rows } of slices(open, read, { rows: ROWS, bytes: BYTES }, signal)) {
    const found = rows.find(row => keyOf(read, row) === wanted)
    if (found !== undefined) return found
  }
  return undefined
}

/** Is the row between two cursors, as the source itself orders its rows? */
export async function liesIn(
  read: ReadPlan,
  row: Row,
  range: { readonly after?: readonly Value[]; readonly until?: readonly Value[] },
  open: OpenSource,
  signal: AbortSignal,
): Promise<boolean> {
  const { from } = read
  const cursor = read.order.map(index => row[index] ?? null)
  if (from.kind === 'rows' || from.kind === 'union' || cursor.includes(null)) return false
  const session = await open(from.source)
  const spec = readSpec(read, from, { rows: 2, bytes: BYTES, ...range })
  for await (const { rows } of session.read({ ...spec, keys: [cursor] }, signal)) if (rows.length > 0) return true
  return false
}

/** The same place without its `where`: is the row there, and left out? */
export function withoutWhere(read: ReadPlan): ReadPlan | undefined {
  if (read.where === undefined || readsOf(read).length > 1) return undefined
  const { where: _, ...rest } = read
  return rest
}
