import type { NewColumn } from '../core/connector.js'
import type { LogicalType } from '../core/types.js'

/** Changes when a table below changes; a ledger of a newer format is refused, an older one gets the columns it lacks. */
export const LEDGER_FORMAT = 4

const text: LogicalType = { kind: 'text' }
const count: LogicalType = { kind: 'integer', bits: 64 }

function key(name: string, length: number): NewColumn {
  return { name, type: { kind: 'text', length }, nullable: false }
}
function some(name: string, type: LogicalType): NewColumn {
  return { name, type, nullable: false }
}
function maybe(name: string, type: LogicalType): NewColumn {
  return { name, type, nullable: true }
}

const RUN = key('run_id', 40)
const ENTITY = key('entity', 128)
const PASS = key('pass', 20)
const CHUNK = some('chunk', count)

/**
 * The ledger in the target's database. Every batch commits its rows and its `etl_batch` row together, so what the
 * ledger says is what happened. Append-only but for the states of runs and chunks.
 */
export const LEDGER_TABLES = {
  /**
   * One row per run. `epoch` grows at each takeover and fences whoever held the run before. Times are the server's, ISO UTC;
   * `heartbeat_at` is when its process took it, what is heard since is in `etl_owner`.
   */
  etl_run: {
    columns: [
      RUN,
      key('pipeline', 128),
      some('format', count),
      some('state', { kind: 'text', length: 20 }),
      some('epoch', count),
      some('fingerprint', text),
      some('fingerprint_parts', text),
      some('target_uid', text),
      some('owner', text),
      some('options', text),
      some('tool_version', text),
      some('consistency', text),
      maybe('snapshots', text),
      some('started_at', { kind: 'text', length: 40 }),
      some('heartbeat_at', { kind: 'text', length: 40 }),
      maybe('ended_at', { kind: 'text', length: 40 }),
    ],
    primaryKey: ['run_id'],
  },
  /** One row per run: the process that has it, and its beat. Beside `etl_run`, whose row every batch locks. */
  etl_owner: {
    columns: [
      RUN,
      some('epoch', count),
      some('host', { kind: 'text', length: 255 }),
      some('pid', count),
      maybe('sessions', text),
      some('since', { kind: 'text', length: 40 }),
      some('heartbeat_at', { kind: 'text', length: 40 }),
    ],
    primaryKey: ['run_id'],
  },
  /**
   * One row per planned range of an entity's key and per one-off step (hook, create, empty); `state` planned or done. `claim`
   * tells the deliveries of a chunk to workers apart, `claimed_by` is the session that writes it; null where no engine
   * delivered it.
   */
  etl_chunk: {
    columns: [
      RUN,
      ENTITY,
      PASS,
      CHUNK,
      maybe('lower_key', text),
      maybe('upper_key', text),
      some('state', { kind: 'text', length: 20 }),
      maybe('claim', count),
      maybe('claimed_by', { kind: 'text', length: 255 }),
    ],
    primaryKey: ['run_id', 'entity', 'pass', 'chunk'],
  },
  /**
   * One row per committed batch. The primary key is the guard: a batch cannot be committed twice. `changes` counts values
   * that were rounded, cut or replaced; null where none was. `version` is what its rows carry, where the database has such a
   * thing; `undone` is set when it was taken back, to what the rows put back carry, or `-`.
   */
  etl_batch: {
    columns: [
      RUN,
      ENTITY,
      PASS,
      CHUNK,
      some('batch_no', count),
      some('epoch', count),
      some('last_key', text),
      some('rows_read', count),
      some('inserted', count),
      some('updated', count),
      some('skipped', count),
      some('filtered', count),
      some('deduped', count),
      some('quarantined', count),
      maybe('changes', text),
      maybe('version', { kind: 'text', length: 40 }),
      maybe('undone', { kind: 'text', length: 40 }),
      some('committed_at', text),
    ],
    primaryKey: ['run_id', 'entity', 'pass', 'chunk', 'batch_no'],
  },
  /**
   * What it takes to take a batch back, in parts: the keys of rows that it inserted, and rows that it updated as they were
   * before. A `pass` of `table` says of an entity which table it wrote, and what that was like when the run began.
   */
  etl_undo: {
    columns: [
      RUN,
      ENTITY,
      PASS,
      CHUNK,
      some('batch_no', count),
      some('part', count),
      some('content', { kind: 'bytes' }),
    ],
    primaryKey: ['run_id', 'entity', 'pass', 'chunk', 'batch_no', 'part'],
  },
  /**
   * One row per rejected row, also one that `policy` skips; the row's values are only in the run's folder. `state` is open,
   * loaded (the second pass is to come) or closed.
   */
  etl_reject: {
    columns: [
      RUN,
      ENTITY,
      PASS,
      CHUNK,
      some('batch_no', count),
      some('row_no', count),
      maybe('source_key', text),
      some('stage', { kind: 'text', length: 20 }),
      maybe('field', { kind: 'text', length: 128 }),
      some('code', { kind: 'text', length: 10 }),
      some('message', { kind: 'text', length: 1000 }),
      some('policy', { kind: 'text', length: 20 }),
      some('state', { kind: 'text', length: 20 }),
    ],
    primaryKey: ['run_id', 'entity', 'pass', 'chunk', 'batch_no', 'row_no'],
  },
  /** When and by which retry a rejected row was settled. The primary key is the guard: no row is settled twice. */
  etl_closed: {
    columns: [
      RUN,
      ENTITY,
      PASS,
      CHUNK,
      some('batch_no', count),
      some('row_no', count),
      some('closed_by', { kind: 'text', length: 40 }),
      some('closed_at', { kind: 'text', length: 40 }),
    ],
    primaryKey: ['run_id', 'entity', 'pass', 'chunk', 'batch_no', 'row_no'],
  },
  /** Which generated target key a source key got. Outlives its run: later runs' refs read it too. */
  etl_identity: {
    columns: [key('pipeline', 128), ENTITY, key('source_key', 400), some('target_key', text), RUN],
    primaryKey: ['pipeline', 'entity', 'source_key'],
  },
  /** What a person decided: accepted changes, takeovers. */
  etl_audit: {
    columns: [
      RUN,
      some('seq', count),
      some('at', text),
      some('actor', text),
      some('action', text),
      some('detail', text),
    ],
    primaryKey: ['run_id', 'seq'],
  },
} as const satisfies Record<string, { readonly columns: readonly NewColumn[]; readonly primaryKey: readonly string[] }>

export type LedgerTable = keyof typeof LEDGER_TABLES
