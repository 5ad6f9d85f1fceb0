import { join } from 'node:path'
import { readPlainFile } from '../../core/plain-file.js'

/**
 * What `tnsnames.ora` says of a name: every description it has for it, as the driver may take any; `elsewhere` where the
 * answer may stand in another file. Undefined where there is no such file, which the driver says better.
 *
 * The format: `NAME[, NAME…] = (DESCRIPTION=…)` or an Easy Connect string, over any number of lines, `#` begins a comment, `IFILE = path` takes
 * another file in (Oracle Database Net Services Reference, "Local Naming Parameters in the tnsnames.ora File").
 */
export function lookUpName(
  folder: string,
  name: string,
): { readonly descriptions: readonly string[]; readonly elsewhere: boolean } | undefined {
  let text: string
  try {
    text = readPlainFile(join(folder, 'tnsnames.ora'), 10_000_000).toString('utf8')
  } catch {
    return undefined
  }
  const descriptions: string[] = []
  let elsewhere = false
  for (const { names, value } of entries(text.replaceAll(/#.*$/gm, ''))) {
    if (names.includes('IFILE')) elsewhere = true
    else if (names.includes(name.trim().toUpperCase())) descriptions.push(value)
  }
  return { descriptions, elsewhere }
}

function* entries(text: string): Generator<{ readonly names: readonly string[]; readonly value: string }> {
  let at = 0
  for (;;) {
    const equals = text.indexOf('=', at)
    if (equals < 0) return
    const names = text
      .slice(at, equals)
      .split(',')
      .map(name => name.trim().toUpperCase())
    const end = endOfValue(text, equals + 1)
    yield { names, value: text.slice(equals + 1, end).trim() }
    at = end
  }
}

/** Behind the closing parenthesis of a description, or at the end of the line of anything else. */
function endOfValue(text: string, from: number): number {
  let depth = 0
  let begun = false
  for (let at = from; at < text.length; at++) {
    const character = text[at]
    if (character === '(') depth++
    else if (character === ')' && --depth <= 0) return at + 1
    else if (character === '\n' && depth === 0 && begun) return at
    begun ||= character !== undefined && /\S/.test(character)
  }
  return text.length
}

/** What a description says in one pair of parentheses, in capitals; what is said twice counts twice. */
export interface Address {
  readonly hosts: readonly string[]
  readonly protocols: readonly string[]
}

/** Each part of a description that names a host, with the protocols of that part and of no other. */
export function addressesOf(description: string): readonly Address[] {
  const found: Address[] = []
  const open = [{ hosts: [] as string[], protocols: [] as string[] }]
  for (const [, mark, key = '', value = ''] of description.matchAll(/([()])(?:\s*([\w.]+)\s*=\s*"?([^()"]*)"?)?/g)) {
    if (mark === '(') {
      if (/^host$/i.test(key)) open.at(-1)?.hosts.push(value.trim())
      if (/^protocol$/i.test(key)) open.at(-1)?.protocols.push(value.trim().toUpperCase())
      open.push({ hosts: [], protocols: [] })
    } else {
      const closed = open.length > 1 ? open.pop() : undefined
      if (closed !== undefined && closed.hosts.length > 0) found.push(closed)
    }
  }
  return [...found, ...open.filter(({ hosts }) => hosts.length > 0)]
}
