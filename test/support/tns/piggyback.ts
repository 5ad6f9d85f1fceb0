import { notUnderstood } from './ora-error.js'
import type { TtcReader } from './ttc-reader.js'

const FUNCTION = { closeCursors: 105, cancelCursors: 120, setSchema: 152, endToEnd: 135, lob: 96 } as const

export interface PiggybackActions {
  closeCursor(id: number): void
  setSchema(name: string): void
}

/** Takes what rides in front of a call: it has no answer of its own. */
export function takePiggyback(reader: TtcReader, code: number, actions: PiggybackActions): void {
  switch (code) {
    case FUNCTION.closeCursors:
    case FUNCTION.cancelCursors: {
      reader.u8()
      const count = reader.ub()
      for (let i = 0; i < count; i++) {
        const id = reader.ub()
        if (code === FUNCTION.closeCursors) actions.closeCursor(id)
      }
      return
    }
    case FUNCTION.setSchema:
      reader.u8()
      reader.ub()
      actions.setSchema(reader.text())
      return
    case FUNCTION.endToEnd:
      skipEndToEnd(reader)
      return
    case FUNCTION.lob: {
      reader.u8()
      const size = reader.ub()
      reader.u8()
      reader.skipUb(3)
      reader.raw(3)
      reader.ub()
      reader.u8()
      reader.skipUb(3)
      reader.u8()
      for (let i = 0; i < 3; i++) {
        reader.u8()
        reader.ub()
      }
      reader.raw(size)
      return
    }
  }
  throw notUnderstood(`piggyback ${code}`)
}

function skipEndToEnd(reader: TtcReader): void {
  reader.raw(2)
  reader.ub()
  let texts = 0
  const value = (): void => {
    reader.u8()
    if (reader.ub() > 0) texts++
  }
  for (let i = 0; i < 4; i++) value()
  reader.u8()
  reader.ub()
  value()
  reader.u8()
  reader.ub()
  reader.u8()
  reader.ub()
  value()
  for (let i = 0; i < texts; i++) reader.bytes()
}
