import type { ConnectionConfig } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { FileFormat, FileHead, FilePosition, FileRecord } from '../../core/files/format.js'
import { DEFAULT_MAX_RECORD } from '../../core/files/spec.js'
import type { TextFile } from '../../core/files/text-stream.js'
import type { Value } from '../../core/row.js'
import type { Line } from './lines.js'
import { linesOf } from './lines.js'
import { membersOf, NotAnObject } from './members.js'
import { jsonlPositions } from './positions.js'

/** Objects whose members are the columns where nobody names them. */
const SAMPLE = 1000
const START: FilePosition = { byte: 0, number: 0 }

export function jsonlFormat(config: ConnectionConfig): FileFormat {
  const { columns, max_record: maxRecord = DEFAULT_MAX_RECORD } = config as ConnectionConfig & {
    readonly columns?: readonly string[]
    readonly max_record?: number
  }
  return {
    type: { kind: 'any' },
    native: 'json',
    head: (file, signal) =>
      columns === undefined ? sampled(file, maxRecord, signal) : Promise.resolve({ columns, start: START }),
    records: async function* (file, head, from, wanted, signal) {
      const known = columns === undefined ? new Set(head.columns) : undefined
      for await (const lines of linesOf(file, from, maxRecord, signal)) {
        yield lines.map(line => record(line, wanted, known))
      }
    },
    positions: (file, head, bytes, signal) => jsonlPositions(file, head, maxRecord, bytes, signal),
  }
}

async function sampled(file: TextFile, maxRecord: number, signal: AbortSignal): Promise<FileHead> {
  const columns = new Set<string>()
  let seen = 0
  sample: for await (const lines of linesOf(file, START, maxRecord, signal)) {
    for (const line of lines) {
      const members = understood(line)
      if (members instanceof NotAnObject) continue
      for (const name of members.keys()) columns.add(name)
      if (++seen === SAMPLE) break sample
    }
  }
  if (columns.size > 0) return { columns: [...columns], start: START }
  throw new EtlError('E523', `${file.name}: no line holds a JSON object with members`, {
    kind: 'usage',
    where: file.name,
    hint: 'a jsonl file holds one object a line; name its columns yourself by `columns: […]` of the source',
  })
}

/** @param known all there may be; undefined where others are to be ignored */
function record(line: Line, wanted: readonly string[], known: ReadonlySet<string> | undefined): FileRecord {
  const { number, end, text } = line
  const members = understood(line)
  const problem = members instanceof NotAnObject ? members.message : unknownMember(members, known)
  if (members instanceof NotAnObject || problem !== undefined) {
    return { number, end, values: undefined, problem: { code: 'E423', message: problem ?? '', text: text.trim() } }
  }
  return { number, end, values: wanted.map((name): Value => members.get(name) ?? null) }
}

function unknownMember(
  members: ReadonlyMap<string, Value>,
  known: ReadonlySet<string> | undefined,
): string | undefined {
  if (known === undefined) return undefined
  for (const name of members.keys()) {
    if (!known.has(name)) {
      return `the line has a member that none of the first ${SAMPLE} objects has: name the columns of the source by \`columns\``
    }
  }
  return undefined
}

function understood({ text }: Line): ReadonlyMap<string, Value> | NotAnObject {
  try {
    return membersOf(text)
  } catch (error) {
    if (error instanceof NotAnObject) return error
    throw error
  }
}
