import type { DocPath } from '../core/diagnostics.js'

const SECRET_KEYS = new Set(['password', 'url', 'token', 'wallet'])

/** Does the path lie at or below a key that holds a secret: one of a connection, or that of backups? */
export function isSecretPath(path: DocPath): boolean {
  const start = path[0] === 'profiles' ? 2 : 0
  if (path[start] === 'backup') return path[start + 1] === 'encrypt'
  if (path[start] !== 'sources' && path[start] !== 'target') return false
  return path.slice(start + 1).some(step => SECRET_KEYS.has(String(step)))
}

/**
 * The secret parts of a value at a secret path. A URL that a variable gave is secret as a whole; of one in the file only
 * its password is, in both spellings.
 */
export function secretsOf(path: DocPath, value: string, fromVariable: boolean): string[] {
  if (value === '') return []
  const isUrl = path.at(-1) === 'url'
  const parts = urlSecrets(value)
  return isUrl && !fromVariable ? parts : [value, ...parts]
}

function urlSecrets(text: string): string[] {
  if (!text.includes('://') || !URL.canParse(text)) {
    const userinfo = /:\/\/[^/?#]*?:([^/?#]*)@/.exec(text)?.[1]
    return userinfo === undefined || userinfo === '' ? [] : spellings(userinfo)
  }
  const url = new URL(text)
  const params = [...url.searchParams].filter(([name]) => /password|token|secret/i.test(name)).map(([, value]) => value)
  return [url.password, ...params].filter(part => part !== '').flatMap(spellings)
}

function spellings(part: string): string[] {
  try {
    return [...new Set([part, decodeURIComponent(part)])]
  } catch {
    return [part]
  }
}

const SECRET_LINE = /^(\s*(?:- )*["']?(?:password|url|token|wallet|encrypt)["']?[ \t]*:[ \t]*)(.*)$/
const SECRET_IN_FLOW =
  /([{,]\s*["']?(?:password|url|token|wallet|encrypt)["']?\s*:\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^,}\n]+)/g

/**
 * The file's text with literal secrets replaced by dots of the same length, so that columns stay right.
 * Works on text alone: a file that does not parse may hold a password too.
 */
export function maskSecrets(text: string): string {
  let below: number | undefined
  return text
    .split('\n')
    .map(line => {
      const indent = line.search(/\S/)
      if (below !== undefined && (indent < 0 || indent > below)) return line.replace(/\S/g, '•')
      below = undefined
      const match = SECRET_LINE.exec(line)
      if (match === null) return line.replace(SECRET_IN_FLOW, (_, key: string, value: string) => key + maskValue(value))
      below = (match[1] ?? '').search(/[^\s-]/)
      return (match[1] ?? '') + maskValue(match[2] ?? '')
    })
    .join('\n')
}

function maskValue(value: string): string {
  const bare = /^["']?\$\{[A-Za-z_][A-Za-z0-9_]*\}["']?\s*(#.*)?$/.test(value)
  return bare || /^[|>][-+0-9]*\s*$/.test(value) ? value : value.replace(/\S/g, '•')
}
