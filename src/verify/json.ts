import { numberOf, readJson } from '../transforms/json-text.js'

/** One text for all ways to write a JSON document; undefined where the text is none. Numbers keep all their digits. */
export function normalJson(text: string): string | undefined {
  try {
    const document = readJson(text)
    return document === undefined ? undefined : normal(document)
  } catch {
    return undefined
  }
}

function normal(part: unknown): string {
  const digits = numberOf(part)
  if (digits !== undefined) return normalNumber(digits)
  if (Array.isArray(part)) return `[${part.map(normal).join(',')}]`
  if (typeof part !== 'object' || part === null) return JSON.stringify(part)
  const entries = Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${normal(value)}`).join(',')}}`
}

/** `1.50`, `15e-1` and `1.5` as `15e-1`. */
function normalNumber(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0'
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`
}
