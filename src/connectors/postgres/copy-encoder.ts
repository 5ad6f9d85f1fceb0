import type { Encoder, WriteSpec } from '../../core/connector.js'
import { binaryRows } from './copy-binary.js'
import { textRows } from './copy-text.js'

/** So many payloads go as text untried after one that had to. */
const TEXTS = 20

/**
 * Encoder of one table's rows: binary, which the server takes in less time, where that is exactly what it would make of
 * text. Rows that go through a staging table (all but `insert`) begin with their number, by which the statement after the
 * copy tells which of two equal rows came first.
 */
export function copyEncoder(spec: WriteSpec): Encoder {
  const text = textRows(spec)
  const binary = binaryRows(spec)
  let first = 0
  let texts = 0
  return {
    encode: rows => {
      const tried = texts > 0 ? undefined : binary?.(rows, first)
      texts = tried !== undefined ? 0 : texts > 0 ? texts - 1 : TEXTS
      const data = tried ?? text(rows, first)
      first += rows.length
      return { rows: rows.length, bytes: data.bytes.length, data }
    },
  }
}
