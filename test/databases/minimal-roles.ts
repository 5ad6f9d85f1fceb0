import { readFileSync } from 'node:fs'

const PAGE = 'docs/how-to/database-roles.md'
/** One login a place, so that no place can be reached by another's. */
let logins = 0

/** A login as the page makes it, and the statements for it. */
export interface MinimalRole {
  readonly name: string
  readonly statements: readonly string[]
  url(database: URL): string
}

/**
 * With `ETL_TEST_ROLES=minimal` the product logs in, in every test, as somebody who has the rights of
 * docs/how-to/database-roles.md and no other; a test makes and looks at its tables as who it is. Undefined without it.
 *
 * @param blocks of the page; what they say of a ledger's own place is left out, as tests keep it beside their tables
 */
export function minimalRole(
  database: string,
  blocks: readonly string[],
  login: 'owner' | undefined,
): MinimalRole | undefined {
  if (process.env.ETL_TEST_ROLES !== 'minimal' || login === 'owner') return undefined
  const name = `etl_${process.pid}_${logins++}`
  const names = { etl_target: name, etl_source: name, warehouse: database }
  const statements = blocks.flatMap(block => documentedStatements(block, names).split(/;\n/))
  return {
    name,
    statements: statements.filter(text => text.trim() !== '' && !/etl_ledger|create schema etl/.test(text)),
    url: place => loginUrl(place, name, 'change-me-2'),
  }
}

/** The statements of a block of the page, with other names. */
export function documentedStatements(block: string, names: Readonly<Record<string, string>>): string {
  const text = new RegExp(`^\`\`\`sql ${block}\\n(.*?)^\`\`\``, 'ms').exec(readFileSync(PAGE, 'utf8'))?.[1]
  if (text === undefined) throw new Error(`${PAGE} has no block ${block}`)
  return Object.entries(names).reduce((sql, [name, own]) => sql.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), own), text)
}

export function loginUrl(database: URL, user: string, password: string): string {
  const url = new URL(database)
  url.username = user
  url.password = password
  return url.href
}
