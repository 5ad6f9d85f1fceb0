import type { Cell } from './engines.js'
import { type EntityModel, some } from './entities.js'
import type { Random } from './random.js'

const NOTES = ['plain', "it's", 'a\tb', 'back\\slash', '漢字 😀', 'é"x"', '\\N', 'ends\\']

type Load = 'insert' | 'ignore' | 'upsert' | 'update' | 'replace'

/** One table to one table: keys of all kinds, bad rows, filters, all ways to load. */
export function plain(random: Random, name: string, size?: number): EntityModel {
  const keyKind = random.pick(['number', 'text', 'pair'] as const)
  const load: Load =
    size === undefined ? random.pick(['insert', 'insert', 'ignore', 'upsert', 'update', 'replace']) : 'insert'
  const keyless = load === 'insert' ? random.chance(0.7) : load === 'replace' && random.chance(0.5)
  const filter = random.chance(0.3)
  const where = random.chance(0.3)
  const policy = random.pick(['quarantine', 'quarantine', 'skip'] as const)
  const bad = random.chance(0.5) ? 0.03 : 0
  const keys = keyKind === 'pair' ? ['a', 'b'] : ['k']
  const keyTypes: Record<string, string> =
    keyKind === 'pair'
      ? { a: 'integer not null', b: 'key not null' }
      : { k: keyKind === 'text' ? 'key not null' : 'bigint not null' }
  const rows: Cell[][] = []
  const existing = new Map<string, string>()
  const before: Cell[][] = []
  const after: string[] = []
  const rejected: { readonly key: readonly Cell[]; readonly text: string }[] = []
  const counts = { read: 0, written: 0, skipped: 0, filtered: 0, quarantined: 0 }
  let number = 0
  const count = size ?? random.int(40, 700)
  const preload = (key: readonly Cell[]): void => {
    before.push([...key, 'old', '0.00'])
    existing.set(key.join('|'), [...key, 'old', '0.00'].join('|'))
  }
  for (let i = 0; i < count; i++) {
    number += random.int(1, 4)
    const label = `k${String(number).padStart(7, '0')}`
    const key: Cell[] = keyKind === 'pair' ? [number >> 3, label] : [keyKind === 'text' ? label : number]
    const group = random.int(0, 4)
    const note = random.chance(0.1) ? null : ` ${random.pick(NOTES)} ${number} `
    const amount = random.chance(bad) ? 'x' : (random.int(-99_999, 9_999_999) / 100).toFixed(2)
    rows.push([...key, note, amount, group])
    if (load !== 'insert' && load !== 'replace' && random.chance(0.4)) preload(key)
    if (where && group === 4) continue
    counts.read++
    if (filter && group >= 3) {
      counts.filtered++
      continue
    }
    const there = existing.has(key.join('|'))
    const kept = note?.trim() ?? '∅'
    if (amount === 'x' || (load === 'update' && !there)) {
      counts[policy === 'skip' ? 'skipped' : 'quarantined']++
      if (amount === 'x' && policy !== 'skip' && (load !== 'update' || there)) rejected.push({ key, text: kept })
    } else if (load === 'ignore' && there) counts.skipped++
    else {
      counts.written++
      after.push([...key, kept, amount].join('|'))
      existing.delete(key.join('|'))
    }
  }
  if (load !== 'insert')
    for (let i = 1; i <= 5; i++) preload(keyKind === 'pair' ? [-i, 'none'] : [keyKind === 'text' ? `a${i}` : -i])
  if (load === 'replace') existing.clear()
  const inFile = random.chance(0.4)
  const mended = inFile ? rejected : some(random, rejected)
  // Of rows that the target had already, `ignore` keeps what was there.
  const ignored = (key: readonly Cell[]): boolean => load === 'ignore' && existing.has(key.join('|'))
  const mendedRows = mended.filter(({ key }) => !ignored(key)).map(({ key, text }) => [...key, text, '1.00'].join('|'))
  const replaced = new Set(mended.filter(({ key }) => !ignored(key)).map(({ key }) => key.join('|')))
  const keyIs = (key: readonly Cell[]): string =>
    keys.map((column, i) => `${column} = ${typeof key[i] === 'string' ? `'${key[i]}'` : key[i]}`).join(' and ')
  const batchSize = size === undefined ? random.int(7, 90) : 1000
  const chunks = size === undefined && random.chance(0.3) ? [`chunks: ${random.int(2, 4)}`] : []
  const yaml = (amount: string): string[] => [
    `from: s_${name}`,
    `to: t_${name}`,
    `load: ${load}`,
    `on_error: ${policy}`,
    `batch_size: ${batchSize}`,
    ...chunks,
    ...(where ? ['where: "g <> 4"'] : []),
    ...(filter ? ['filter: { "<": [{ var: g }, 3] }'] : []),
    'rest: ignore',
    `fields: { ${keys.map(key => `${key}: ${key}`).join(', ')}, v: { from: v, apply: [trim] }, n: { ${amount}type: "decimal(12,2)" } }`,
  ]
  return {
    name,
    keyless,
    source: {
      name: `s_${name}`,
      columns: { ...keyTypes, v: 'text', n: 'text', g: 'integer' },
      constraints: [`primary key (${keys.join(', ')})`],
      rows,
    },
    target: {
      name: `t_${name}`,
      columns: { ...keyTypes, v: 'text', n: 'decimal(12,2)' },
      constraints: keyless ? [] : [`primary key (${keys.join(', ')})`],
      rows: before,
    },
    yaml: yaml('from: n, '),
    image: `select ${keys.join(', ')}, v, n from t_${name}`,
    decimals: [keys.length + 1],
    expected: [...after, ...existing.values()],
    counts,
    ...(mended.length === 0
      ? {}
      : {
          mended: {
            sql: inFile ? [] : mended.map(({ key }) => `update s_${name} set n = '1.00' where ${keyIs(key)}`),
            ...(inFile ? { yaml: yaml('from: n, map: { x: "1.00" }, unmapped: keep, ') } : {}),
            expected: [
              ...after,
              ...mendedRows,
              ...[...existing].filter(([key]) => !replaced.has(key)).map(([, row]) => row),
            ],
            closed: mended.length,
            written: mendedRows.length,
          },
        }),
  }
}
