import type { DocPath } from '../core/diagnostics.js'
import { closest } from '../transforms/suggest.js'
import type { Placed } from './env.js'
import type { Node } from './tree.js'
import { nodeAt, without } from './tree.js'

/**
 * The file with the profile merged over it and `profiles` taken out. Maps are merged key by key, anything else is
 * replaced; so is a connection whose `type` differs. Every node keeps its own place.
 */
export function applyProfile(root: Node, profile: string | undefined): { root: Node; problems: Placed[] } {
  const base = without(root, 'profiles')
  if (profile === undefined) return { root: base, problems: [] }
  const profiles = nodeAt(root, ['profiles'])
  const chosen = profiles?.kind === 'map' ? profiles.entries.get(profile)?.value : undefined
  if (chosen !== undefined) {
    const allowed = without(chosen, 'version', 'name', 'profiles')
    return { root: allowed.kind === 'map' ? merge(base, allowed) : base, problems: [] }
  }
  const names = profiles?.kind === 'map' ? [...profiles.entries.keys()] : []
  const near = closest(profile, names)
  const diagnostic = {
    code: 'E012',
    severity: 'error',
    message: `no profile is called "${profile}"`,
    path: ['profiles'],
    hint:
      names.length === 0
        ? 'The file has no profiles.'
        : `${near === undefined ? '' : `Did you mean "${near}"? `}Profiles: ${names.join(', ')}.`,
  } as const
  const entry = root.kind === 'map' ? root.entries.get('profiles') : undefined
  return { root: base, problems: [{ diagnostic, span: entry?.key ?? { start: 0, end: 1 } }] }
}

function merge(base: Node, over: Node, path: DocPath = []): Node {
  if (base.kind !== 'map' || over.kind !== 'map') return over
  if (isConnection(path) && typeDiffers(base, over)) return over
  const entries = new Map(base.entries)
  for (const [name, entry] of over.entries) {
    const old = base.entries.get(name)
    entries.set(
      name,
      old === undefined ? entry : { key: entry.key, value: merge(old.value, entry.value, [...path, name]) },
    )
  }
  return { ...base, entries }
}

function isConnection(path: DocPath): boolean {
  return path[0] === 'target' ? path.length === 1 : path[0] === 'sources' && path.length === 2
}

function typeDiffers(base: Node, over: Node): boolean {
  const type = nodeAt(over, ['type'])
  const old = nodeAt(base, ['type'])
  return type?.kind === 'scalar' && old?.kind === 'scalar' && type.value !== old.value
}
