import { KINDS } from './kinds.js'
import type { Loaded, Measured, Outcomes, Pass } from './measure.js'
import { NARROWED } from './narrowed.js'
import { PITFALLS } from './pitfalls.js'
import type { Item } from './places/types.js'

const NAMES: Readonly<Record<string, string>> = {
  sqlite: 'SQLite',
  postgres: 'PostgreSQL',
  mysql: 'MySQL',
  oracle: 'Oracle',
  csv: 'CSV',
  jsonl: 'JSONL',
}

const INTRODUCTION = `# What becomes of each value

Made by \`test/matrix\` from runs of the command line; the tests fail where a run does otherwise. To write it anew:
\`npm run generate:matrix\`.

One pipeline for each target reads a table or file of every source, whose rows hold one edge value each, and creates the
target's table. What arrives is read with the database's own functions (or the file's own text), not through this program,
and held against what the source holds. Databases are filled with TZ=UTC, America/New_York, Asia/Kolkata and Pacific/Apia,
files with the first and the last of them, always with the same outcome.

Made with PostgreSQL, MariaDB (for MySQL), and, for Oracle, the real driver over the wire to the tests' own protocol server:
an actual Oracle was not run. \`ETL_TEST_ORACLE_URL\` runs it against one.

- **exact**: the same value. Zeros after the last digit, and the zone an instant is written in, are no part of it.
- **same**: the same value in another form: \`-0\` that has become \`0\`, a date that has got a midnight, an interval in other
  words, spaces around JSON; named behind the colon.
- **E4xx**: the row is refused with this code and quarantined; the values are named behind the colon.
- **–**: the source has no such type.

No value changes in any other way. Files say nothing of their types: there the pipeline says \`type:\`.
`

export function page(loaded: readonly Loaded[], measured: ReadonlyMap<string, Measured>): string {
  const sections = [...measured].map(([target, { outcomes }]) => targetSection(target, loaded, outcomes))
  return [INTRODUCTION, ...sections, lossSection(loaded, measured), pitfallSection()].join('\n')
}

type ByEntity = ReadonlyMap<string, Outcomes>

function targetSection(target: string, loaded: readonly Loaded[], outcomes: ByEntity): string {
  const rows = KINDS.map(kind => [
    kind.title,
    ...loaded.map(({ place, items }) =>
      cell(
        items.filter(item => item.kind.name === kind.name),
        outcomes.get(`${place.name}_whole`),
      ),
    ),
  ])
  return `## Into ${NAMES[target]}\n\n${table(['type', ...loaded.map(({ place }) => `from ${NAMES[place.name]}`)], rows)}`
}

function cell(items: readonly Item[], outcomes: Outcomes | undefined): string {
  const groups = new Map<string, string[]>()
  for (const { id, label } of items) {
    const outcome = outcomes?.get(id)
    const name = outcome === undefined ? 'lost' : outcome.is === 'refused' ? outcome.code : outcome.is
    groups.set(name, [...(groups.get(name) ?? []), label])
  }
  if (items.length === 0) return '–'
  const order = (name: string): string => (name === 'exact' ? '0' : name === 'same' ? '1' : name)
  return [...groups]
    .toSorted(([a], [b]) => (order(a) < order(b) ? -1 : 1))
    .map(([name, labels]) =>
      name === 'exact' || labels.length === items.length ? name : `${name}: ${labels.map(escaped).join(', ')}`,
    )
    .join('; ')
}

function lossSection(loaded: readonly Loaded[], measured: ReadonlyMap<string, Measured>): string {
  const rows = [...measured].flatMap(([target, { outcomes }]) =>
    NARROWED.map(({ kind, type, onLossy }) => {
      const of = (source: Loaded, pass: Pass): string => {
        const items = source.items.filter(item => item.kind.name === kind)
        return cell(items, outcomes.get(`${source.place.name}_${pass}`))
      }
      return [
        NAMES[target] ?? target,
        `${type}, ${onLossy}`,
        ...loaded.map(source => `${counts(of(source, 'strict'))} → ${counts(of(source, 'lossy'))}`),
      ]
    }),
  )
  const heads = ['into', '`type:`, `on_lossy:`', ...loaded.map(({ place }) => `from ${NAMES[place.name]}`)]
  return `## Declared losses

A \`type:\` that holds less than the source's values. By default the rows that would lose something are refused (before the
arrow); with \`on_lossy\` they are written with their loss (behind it), which the plan announces and the report counts. The
counts are compared with the values that lost something.

${table(heads, rows)}`
}

/** The codes and words without the labels. */
function counts(text: string): string {
  return text
    .split('; ')
    .map(part => part.split(': ')[0])
    .join(', ')
}

function pitfallSection(): string {
  const rows = PITFALLS.map(({ id, what, tests }) => [
    id,
    escaped(what),
    tests.map(([file, name]) => `${file}: ${escaped(name)}`).join('<br>'),
  ])
  return `## Pitfalls

What drivers do when nobody tells them otherwise, and the tests that would fail then.

${table(['', 'pitfall', 'tests, below test/'], rows)}`
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return `${[line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')}\n`
}
