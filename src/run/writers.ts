import type { Session, TableWriter, WriteSpec } from '../core/connector.js'
import type { WritePlan } from '../plan/plan.js'

/** Prepared writers kept open per session; past it the oldest is closed. */
const WRITERS_PER_SESSION = 8

const open = new WeakMap<Session, Map<WriteSpec, TableWriter>>()
const specs = new WeakMap<WritePlan, WriteSpec>()

/** The write specification of a plan; always the same object, so that a prepared writer is found again. */
export function writeSpec(plan: WritePlan): WriteSpec {
  let spec = specs.get(plan)
  if (spec === undefined) {
    const { table, columns, mode, match, unkeyed, returning } = plan
    spec = {
      table,
      columns,
      mode,
      match,
      ...(unkeyed === undefined ? {} : { unkeyed }),
      ...(returning === undefined ? {} : { returning }),
    }
    specs.set(plan, spec)
  }
  return spec
}

/** The session's writer for the specification, prepared once. Whoever asks is alone on the session. */
export async function writerOf(session: Session, spec: WriteSpec): Promise<TableWriter> {
  const mine = open.get(session) ?? new Map<WriteSpec, TableWriter>()
  open.set(session, mine)
  const known = mine.get(spec)
  if (known !== undefined) return known
  const oldest = mine.entries().next().value
  if (mine.size >= WRITERS_PER_SESSION && oldest !== undefined) {
    mine.delete(oldest[0])
    await oldest[1].close()
  }
  const writer = await session.writer(spec)
  mine.set(spec, writer)
  return writer
}
