import { EtlError } from '../core/errors.js'
import { suggestion } from './diagnostics.js'
import type { Node } from './tree.js'
import { nodeAt } from './tree.js'

/**
 * Refuses `--var` for a name that the file nowhere mentions: not as `${NAME}`, `$vars.NAME` or a key of `vars`, in no profile.
 * @throws EtlError E520
 */
export function checkVariables(root: Node, text: string, file: string, vars: Readonly<Record<string, string>>): void {
  const given = Object.keys(vars)
  if (given.length === 0) return
  const mentioned = [...text.matchAll(/\$\{([A-Za-z_]\w*)|\$vars\.([\w-]+)/g)].map(match => match[1] ?? match[2] ?? '')
  const names = [...new Set([...mentioned, ...keysOf(root)])]
  const unknown = given.find(name => !names.includes(name))
  if (unknown === undefined) return
  const hint = names.length === 0 ? 'it has no variables' : suggestion(unknown, names)
  throw new EtlError('E520', `--var ${unknown}: nothing in ${file} uses it`, { kind: 'usage', hint })
}

function keysOf(root: Node): string[] {
  const profiles = nodeAt(root, ['profiles'])
  const roots = [root, ...(profiles?.kind === 'map' ? [...profiles.entries.values()].map(entry => entry.value) : [])]
  return roots.flatMap(each => {
    const vars = nodeAt(each, ['vars'])
    return vars?.kind === 'map' ? [...vars.entries.keys()] : []
  })
}
