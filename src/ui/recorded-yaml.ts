import { stringify } from 'yaml'
import type { RecordedTests } from '../mapping-test/record.js'
import { printable } from './format.js'

/** A block for a pipeline file. */
export function recordedYaml({ tests, notes }: RecordedTests): string {
  const text = stringify({ tests: plain(tests) }, { lineWidth: 0, flowCollectionPadding: true })
  return notes.map(note => `# ${printable(note)}\n`).join('') + text
}

/** What looks like a variable is text. */
function plain(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]))
}
