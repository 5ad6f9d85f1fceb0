import type { ReadSpec, SourceBatch } from '../core/connector.js'
import type { Row, Value } from '../core/row.js'
import type { Reader } from '../run/reading-sessions.js'

/** Positions in one statement. */
const PAGE = 500

/** Gives only the rows at some positions of the order. */
export function atPositions(reader: Reader, positions: readonly (readonly Value[])[]): Reader {
  return {
    async *read(spec: ReadSpec, signal: AbortSignal): AsyncGenerator<SourceBatch> {
      for (let start = 0; start < positions.length; start += PAGE)
        yield* reader.read({ ...spec, keys: positions.slice(start, start + PAGE) }, signal)
    },
  }
}

/** Gives only the rows with some numbers, from 0 on, counted over all that are read; the numbers ascend. */
export function withNumbers(open: (source: string) => Promise<Reader>, numbers: readonly number[]) {
  let [next, seen] = [0, 0]
  return async (source: string): Promise<Reader> => {
    const reader = await open(source)
    return {
      async *read(spec: ReadSpec, signal: AbortSignal): AsyncGenerator<SourceBatch> {
        for await (const batch of reader.read(spec, signal)) {
          const rows: Row[] = []
          const places = new Map<number, number>()
          for (; next < numbers.length && (numbers[next] as number) < seen + batch.rows.length; next++) {
            const index = (numbers[next] as number) - seen
            places.set(index, rows.length)
            rows.push(batch.rows[index] as Row)
          }
          seen += batch.rows.length
          const malformed = (batch.malformed ?? []).flatMap(bad => {
            const row = places.get(bad.row)
            return row === undefined ? [] : [{ ...bad, row }]
          })
          if (rows.length > 0) yield { rows, cursor: batch.cursor, ...(malformed.length === 0 ? {} : { malformed }) }
        }
      },
    }
  }
}

/** The order's values of the rows with some numbers, which ascend. */
export async function positionsOf(
  reader: Reader,
  spec: ReadSpec,
  numbers: readonly number[],
  signal: AbortSignal,
): Promise<(readonly Value[])[]> {
  const keys: ReadSpec = {
    ...spec,
    columns: spec.order.map(({ index }) => spec.columns[index] as ReadSpec['columns'][0]),
    order: spec.order.map(({ nullable }, index) => ({ index, nullable })),
    batchRows: 10_000,
  }
  const found: (readonly Value[])[] = []
  let seen = 0
  for await (const { rows } of reader.read(keys, signal)) {
    for (; (numbers[found.length] ?? Number.POSITIVE_INFINITY) < seen + rows.length; )
      found.push(rows[(numbers[found.length] as number) - seen] as Row)
    seen += rows.length
    if (found.length === numbers.length) return found
  }
  return found
}
