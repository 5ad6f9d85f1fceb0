import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { ResultLine } from '../support/etl.js'
import { quarantineOf, resultOf, runEtl } from '../support/etl.js'
import { compare } from './compare.js'
import { NARROWED } from './narrowed.js'
import type { Cell, Item, MatrixPlace, OpenPlace } from './places/types.js'
import { itemsOf } from './places/types.js'

export interface Loaded {
  readonly place: MatrixPlace
  readonly open: OpenPlace
  readonly items: readonly Item[]
}

/** What became of one value; `lossy` is what `on_lossy` allowed. */
export type Outcome =
  | { readonly is: 'exact' | 'same' | 'lossy' }
  | { readonly is: 'refused'; readonly code: string }
  | { readonly is: 'changed'; readonly to: string }
  | { readonly is: 'lost' }

export type Outcomes = ReadonlyMap<number, Outcome>

export const TABLE = 'everything'

/** How the matrix asks for its fields: with the source's types, with narrower ones, or with those and leave to lose. */
export const PASSES = ['whole', 'strict', 'lossy'] as const
export type Pass = (typeof PASSES)[number]

export interface Measured {
  /** What `etl plan --json` said before the run; empty for one pass. */
  readonly plan: string
  readonly result: ResultLine
  /** By pass and source. */
  readonly outcomes: ReadonlyMap<string, Outcomes>
}

export async function load(place: MatrixPlace, dir: string): Promise<Loaded> {
  const open = await place.create(dir, 'source')
  const items = itemsOf(place.columns)
  await open.load(TABLE, place.columns, items)
  return { place, open, items }
}

export function pipelineName(target: string, zone: string): string {
  return `to_${target}_${zone.toLowerCase().replaceAll(/\W/g, '_')}`
}

/** One run from all sources into one target, in a time zone. */
export async function measure(
  from: readonly Loaded[],
  to: OpenPlace,
  dir: string,
  target: string,
  zone: string,
  passes: readonly Pass[],
): Promise<Measured> {
  const name = pipelineName(target, zone)
  writeFileSync(join(dir, `${name}.yaml`), pipeline(name, from, to, passes))
  const plan = passes.length > 1 ? (await runEtl(['plan', `${name}.yaml`, '--json'], { cwd: dir })).stdout : ''
  const run = await runEtl(['run', `${name}.yaml`, '--yes', '--json'], { cwd: dir, env: { TZ: zone } })
  // Rows are refused everywhere, so nothing but 3 is right.
  if (run.code !== 3) throw new Error(`exit code ${run.code}\n${run.stderr}\n${run.stdout}`)
  const result = resultOf(run.stdout)
  const outcomes = new Map<string, Outcomes>()
  for (const pass of passes) {
    for (const { place, items } of from) {
      const entity = `${place.name}_${pass}`
      const stored = await to.read(`${name}_${entity}`)
      const some = pass === 'whole' ? items : items.filter(item => narrowedOf(item) !== undefined)
      outcomes.set(entity, outcomesOf(pass, some, stored, rejections(result, entity)))
    }
  }
  return { plan, result, outcomes }
}

export function narrowedOf({ kind }: Item) {
  return NARROWED.find(one => one.kind === kind.name)
}

function pipeline(name: string, from: readonly Loaded[], to: OpenPlace, passes: readonly Pass[]): string {
  const entities = passes.flatMap(pass =>
    from.map(({ place }) => {
      const { file } = place
      const cased = (text: string): string => (place.upperCase === true ? text.toUpperCase() : text)
      const entity = `${place.name}_${pass}`
      return [
        entity,
        {
          from:
            file === undefined
              ? { source: place.name, table: cased(TABLE) }
              : { source: place.name, file: `${TABLE}.${file}` },
          to: { table: `${name}_${entity}`, create: 'if_missing' },
          key: cased('id'),
          match: ['id'],
          rest: 'ignore',
          fields: {
            id: file === undefined ? cased('id') : { from: 'id', type: 'int64' },
            ...(pass === 'whole' ? wholeFields(place, cased) : narrowFields(pass, cased)),
          },
          ...(pass === 'whole'
            ? {}
            : { filter: { or: NARROWED.map(({ kind }) => ({ '!==': [{ var: cased(kind) }, null] })) } }),
        },
      ]
    }),
  )
  return stringify({
    version: 1,
    name,
    sources: Object.fromEntries(from.map(({ place, open }) => [place.name, open.config])),
    target: to.target ?? to.config,
    entities: Object.fromEntries(entities),
  })
}

type Cased = (text: string) => string

function wholeFields({ columns }: MatrixPlace, cased: Cased): object {
  return Object.fromEntries(
    columns.map(({ kind: { name }, type }) => [name, type === undefined ? cased(name) : { from: cased(name), type }]),
  )
}

function narrowFields(pass: Pass, cased: Cased): object {
  return Object.fromEntries(
    NARROWED.map(({ kind, type, onLossy }) => [
      kind,
      { from: cased(kind), type, ...(pass === 'lossy' ? { on_lossy: onLossy } : {}) },
    ]),
  )
}

function rejections(result: ResultLine, entity: string): ReadonlyMap<number, string> {
  const file = join(result.runDir ?? '', 'quarantine', `${entity}.ndjson`)
  const lines = existsSync(file) ? quarantineOf(result.runDir ?? '', entity) : []
  return new Map(lines.map(({ key, code }) => [Number(key), code]))
}

function outcomesOf(
  pass: Pass,
  items: readonly Item[],
  stored: ReadonlyMap<number, ReadonlyMap<string, Cell>>,
  rejected: ReadonlyMap<number, string>,
): Outcomes {
  return new Map(items.map(item => [item.id, outcomeOf(pass, item, stored.get(item.id), rejected.get(item.id))]))
}

function outcomeOf(
  pass: Pass,
  item: Item,
  row: ReadonlyMap<string, Cell> | undefined,
  code: string | undefined,
): Outcome {
  if (row === undefined) return code === undefined ? { is: 'lost' } : { is: 'refused', code }
  if (code !== undefined) return { is: 'changed', to: `written, and refused with ${code}` }
  const { kind, label, text } = item
  const others = [...row.keys()].filter(name => name !== kind.name)
  if (others.length > 0) return { is: 'changed', to: `in ${others.join(', ')} too` }
  const cell = row.get(kind.name) ?? null
  const kept = pass === 'lossy' ? narrowedOf(item)?.kept[label] : undefined
  const is = compare(kind.form, kept ?? text, cell)
  if (is === 'changed') return { is, to: described(cell) }
  return kept === undefined ? { is } : { is: 'lossy' }
}

function described(cell: Cell): string {
  if (cell === null) return 'NULL'
  return cell.as === 'float' ? `float ${cell.value}` : `${cell.as} ${JSON.stringify(cell.text.slice(0, 80))}`
}
