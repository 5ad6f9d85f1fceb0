import { open } from 'node:fs/promises'
import { parseLine, type QuarantineLine } from './quarantine.js'
import type { RejectPlace } from './reject-ledger.js'

/** Bytes of a file that hold the lines of one batch. */
interface Block {
  readonly from: number
  to: number
}

/** What a run kept of an entity's rejected rows, in `quarantine/<entity>.ndjson`; found again batch by batch. */
export class KeptRows {
  readonly #file: string
  #blocks: Promise<ReadonlyMap<string, readonly Block[]>> | undefined
  /** The batch asked for last: rows are asked for one after the other. */
  #last: { readonly key: string; readonly lines: ReadonlyMap<number, QuarantineLine> } | undefined

  constructor(file: string) {
    this.#file = file
  }

  /** The lines of a batch by row number; empty where nothing was kept. */
  async batch(place: Omit<RejectPlace, 'row'>): Promise<ReadonlyMap<number, QuarantineLine>> {
    const key = batchKey(place)
    if (this.#last?.key === key) return this.#last.lines
    this.#blocks ??= this.#index()
    const found = new Map<number, QuarantineLine>()
    const blocks = (await this.#blocks).get(key) ?? []
    if (blocks.length === 0) return found
    const handle = await open(this.#file, 'r')
    try {
      for (const { from, to } of blocks) {
        const { buffer } = await handle.read(Buffer.alloc(to - from), 0, to - from, from)
        for (const text of buffer.toString('utf8').split('\n')) {
          const line = parseLine(text)
          // A row that failed twice has the later line.
          if (line !== undefined) found.set(line.row, line)
        }
      }
    } finally {
      await handle.close()
    }
    this.#last = { key, lines: found }
    return found
  }

  async *lines(): AsyncGenerator<QuarantineLine> {
    for await (const { line } of this.#read()) yield line
  }

  /** Lines of one batch are neighbours: what is remembered of a long file is short. */
  async #index(): Promise<ReadonlyMap<string, readonly Block[]>> {
    const blocks = new Map<string, Block[]>()
    for await (const { line, from, to } of this.#read()) {
      const key = batchKey({ ...line, pass: line.pass === 'defer' ? 'defer' : 'load' })
      const mine = blocks.get(key) ?? []
      blocks.set(key, mine)
      const last = mine.at(-1)
      if (last?.to === from) last.to = to
      else mine.push({ from, to })
    }
    return blocks
  }

  async *#read(): AsyncGenerator<{ readonly line: QuarantineLine; readonly from: number; readonly to: number }> {
    const handle = await open(this.#file, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (handle === undefined) return
    let from = 0
    for await (const text of handle.readLines()) {
      const to = from + Buffer.byteLength(text) + 1
      const line = parseLine(text)
      if (line !== undefined) yield { line, from, to }
      from = to
    }
  }
}

function batchKey({ pass, chunk, batch }: Omit<RejectPlace, 'row'>): string {
  return `${pass}:${chunk}:${batch}`
}
