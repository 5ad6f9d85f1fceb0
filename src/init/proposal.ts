import type { ForeignKey, Table } from '../core/catalog.js'
import type { Capabilities } from '../core/connector.js'
import type { Value } from '../core/row.js'
import type { Alike, Reference, TableProfile } from '../inspect/api.js'

/** One side of a migration as it was found. */
export interface Side {
  /** For people: `postgres 15.3 localhost:5432/app`. */
  readonly label: string
  readonly capabilities: Pick<Capabilities, 'files' | 'maxIdentifier'>
  /** Tables that may be moved or filled; views are not. */
  readonly tables: readonly Table[]
  /** What the rows look like, by the table's name; empty where nobody looked. */
  readonly profiles: ReadonlyMap<string, TableProfile>
  /** References, also those that only names suggest. */
  readonly references: readonly Reference[]
  /** Tables that may be two generations of one thing. */
  readonly alike: readonly Alike[]
  /** Tables named without a schema are those of this one. */
  readonly defaultSchema?: string
}

/** A pipeline as it may be; every part that somebody should look at says so. */
export interface Proposal {
  readonly maps: readonly MapProposal[]
  /** Each after those that it refers to. */
  readonly entities: readonly EntityProposal[]
  readonly sourceLeft: readonly string[]
  readonly targetLeft: readonly string[]
}

export interface MapProposal {
  readonly name: string
  readonly entries: readonly (readonly [code: string, value: Value])[]
  readonly note: string
}

export interface EntityProposal {
  readonly name: string
  readonly source: Table
  /** As the file names them. */
  readonly from: string
  readonly to: string
  /** The target is without the table. */
  readonly create: boolean
  readonly note: string
  /** Undefined: the source's primary key. */
  readonly key?: readonly string[]
  readonly keyNote?: string
  readonly fields: readonly FieldProposal[]
  readonly defer: readonly string[]
  /** Lines below the fields: columns without a partner, on both sides. */
  readonly left: readonly string[]
}

export interface FieldProposal {
  readonly target: string
  readonly from: string
  readonly apply?: readonly unknown[]
  readonly map?: string
  readonly unmapped?: 'keep'
  readonly ref?: string
  readonly notes: readonly string[]
}

/** What somebody has to decide begins with this. */
export const DECIDE = 'decide: '

/** The things that somebody has to decide before the file is right, each with its place. */
export function decisions({ maps, entities }: Proposal): string[] {
  const open = (place: string, notes: readonly string[]): string[] =>
    notes.filter(note => note.startsWith(DECIDE)).map(note => `${place}: ${note.slice(DECIDE.length)}`)
  return [
    ...maps.flatMap(({ name, note }) => open(`maps.${name}`, [note])),
    ...entities.flatMap(({ name, fields, left, keyNote, note }) => [
      ...open(name, [note, ...(keyNote === undefined ? [] : [keyNote]), ...left]),
      ...fields.flatMap(({ target, notes }) => open(`${name}.${target}`, notes)),
    ]),
  ]
}

/** The columns of a foreign key with those they refer to. */
export function linksOf({ columns, referencedColumns }: ForeignKey): (readonly [string, string])[] {
  return columns.map((column, i) => [column, referencedColumns[i] ?? ''] as const)
}
