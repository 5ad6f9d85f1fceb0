import type { RunRecord } from '../history/record.js'
import type { Markup } from './markup.js'

/** A part of the page; undefined where the run has nothing for it. */
export type SectionMaker = (record: RunRecord) => Section | undefined

export interface Section {
  readonly id: string
  readonly title: string
  /** One sentence. */
  readonly lead?: string
  readonly body: Markup
}
