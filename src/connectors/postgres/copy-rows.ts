import type { Payload } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { PgConnection } from './connection.js'
import type { CopyData } from './copy-data.js'
import type { CheckFields } from './copy-in.js'
import { quote, quoteAll } from './dialect.js'
import type { ErrorContext } from './errors.js'

/** Where rows are copied to. */
export interface Into {
  /** For messages. */
  readonly label: string
  /** Quoted, for SQL. */
  readonly relation: string
  readonly columns: readonly string[]
  /** What rows in binary are made for, by `pg_type.oid`; undefined where all go as text. */
  readonly types: readonly number[] | undefined
}

/** Rows of a payload, or of a part of one. */
export interface Piece {
  readonly payload: Payload
  readonly bytes: Uint8Array
  readonly rows: number
}

const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const TRAILER = Buffer.from([0xff, 0xff])

/** As few copies as the formats of neighbours let it; gives the number of rows that the server took. */
export async function copyRows(
  connection: PgConnection,
  into: Into,
  pieces: readonly Piece[],
  from: number,
  context: Partial<ErrorContext> = {},
): Promise<number> {
  const { relation, columns } = into
  const copy = `copy ${relation} (${quoteAll(columns)}) from stdin`
  let taken = 0
  let done = 0
  for (let start = 0, end = 0; start < pieces.length; start = end) {
    const format = formatOf(pieces[start] as Piece)
    while (end < pieces.length && formatOf(pieces[end] as Piece) === format) end++
    const group = pieces.slice(start, end)
    const bytes = group.map(piece => piece.bytes)
    const place = { ...context, copy: { columns, from: from + done } }
    if (format === 'text') taken += await connection.copy(copy, bytes, place)
    else {
      const look = `select ${columns.map(name => `(null::${relation}).${quote(name)}`).join(', ')} limit 0`
      const sql = `${look}; ${copy} (format binary); ${look}`
      taken += await connection.copy(sql, [HEADER, ...bytes, TRAILER], place, sameTypes(into, connection.where))
    }
    done += group.reduce((sum, piece) => sum + piece.rows, 0)
  }
  return taken
}

function formatOf({ payload }: Piece): CopyData['format'] {
  return (payload.data as CopyData).format
}

/**
 * Binary values say nothing of their type: eight bytes may be a number or a time. What the columns are is asked before the
 * copy, so that no row is blamed, and after it, when its lock keeps them as they are.
 */
function sameTypes({ label, types = [] }: Into, where: string): CheckFields {
  return fields => {
    const changed = fields.filter((field, i) => field.dataTypeID !== types[i]).map(field => field.name)
    if (changed.length === 0) return undefined
    return new EtlError('E506', `${label} changed while rows were written to it: the type of ${changed.join(', ')}`, {
      kind: 'usage',
      where,
      hint: 'undo the change, or go on with it: `etl run … --resume --accept-changes`',
    })
  }
}
