import type { EntitySpec } from '../spec/model.js'

/** Texts that the file itself names, as codes of a map or in an expression: no secret, and without them nothing is mapped. */
export function keptTexts(entity: EntitySpec): (column: string, text: string) => boolean {
  const said = new Set<string>()
  const note = (rule: unknown): void => {
    if (typeof rule === 'string') said.add(folded(rule))
    else if (typeof rule === 'object' && rule !== null) for (const part of Object.values(rule)) note(part)
  }
  note([entity.filter, entity.let.map(({ rule }) => rule)])
  const codes = new Map<string, Set<string>>()
  for (const { input, map } of entity.fields) {
    if (input.kind === 'expr') note(input.rule)
    if (input.kind !== 'from' || map === undefined) continue
    for (const name of input.names) {
      const known = codes.get(name) ?? new Set()
      codes.set(name, known)
      for (const [code] of map.map.entries) known.add(folded(code))
    }
  }
  return (column, text) => said.has(folded(text)) || codes.get(column)?.has(folded(text)) === true
}

function folded(text: string): string {
  return text.trim().toLowerCase()
}
