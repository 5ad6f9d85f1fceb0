import { CODES, type ErrorCode } from '../core/codes.js'
import type { Example } from './explanation.js'

/** The example as the program prints it, but for the lines of the file around a problem. */
export function exampleText(code: ErrorCode, example: Example): string {
  const { at, where, rejected, warning, what, hint } = example
  if (at !== undefined) {
    const head = ` ${at}  ${code} ${warning === true ? 'warning: ' : ''}${CODES[code]}`
    return [head, '', `   ${what}`, ...(hint === undefined ? [] : ['', `   hint  ${lowerFirst(hint)}`])].join('\n')
  }
  if (rejected !== undefined) {
    const field = rejected.field === undefined ? '' : `${rejected.field}: `
    return `✖ ${rejected.entity}  1 row rejected: ${code} ${field}${what}`
  }
  const lines = [['where', where] as const, ['what ', what] as const, ['hint ', hint] as const]
  const body = lines.flatMap(([label, text]) =>
    text === undefined ? [] : [`  ${label}  ${text.replaceAll('\n', '\n         ')}`],
  )
  return [`✖ ${code} ${CODES[code]}`, ...body].join('\n')
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
