/** A pipeline from `source.sqlite` to `target.sqlite` named `p`; `head` stands before `entities`. */
export function pipeline(entities: string, head = ''): string {
  return `version: 1
name: p
sources:
  old: { type: sqlite, path: source.sqlite }
target: { type: sqlite, path: target.sqlite }
${head}
entities:${entities}
`
}
