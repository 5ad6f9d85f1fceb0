import { readFileSync } from 'node:fs'

/** The version in package.json, which stands two folders above both `src/commands` and `dist/commands`. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
