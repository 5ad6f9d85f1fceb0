/** A pipeline to fill in by hand: valid as it stands, with what most files need. */
export function emptyPipeline(): string {
  return `# The language: \`etl reference\`. A schema for the editor: \`etl schema --live\`.
version: 1
name: my-pipeline

sources:
  old:
    type: sqlite                # oracle, postgres, mysql, sqlite, csv or jsonl
    path: old.sqlite            # \${NAME} takes a value from the environment or from .env

target:
  type: sqlite
  path: new.sqlite

entities:
  customers:
    from: CUSTOMER                                        # its primary key tells rows apart; else key: [...]
    to: { table: customers, create: if_missing }
    fields:
      id: CUSTOMER_ID                                     # target column: source column
      name: { from: NAME, apply: [trim], required: true }
      status: { from: STATUS, map: { A: active, I: inactive } }
`
}
