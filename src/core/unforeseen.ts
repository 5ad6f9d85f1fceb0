import { EtlError } from './errors.js'

/**
 * What may be told of an error that nobody foresaw: its kind, and its words only where they name code. Those of other errors,
 * of drivers above all, may quote what was worked on.
 */
export function unforeseen(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'something that is no error was thrown'
  const { code } = thrown as Error & { readonly code?: unknown }
  const ofTheEngine = (thrown instanceof TypeError || thrown instanceof ReferenceError) && code === undefined
  const words = ofTheEngine ? `: ${thrown.message}` : typeof code === 'string' ? ` ${code.slice(0, 40)}` : ''
  return `${thrown.name}${words}`
}

/** The error, or one that calls it a bug, without the words that must not be told. */
export function asEtlError(error: unknown): EtlError {
  if (error instanceof EtlError) return error
  const hint = 'this is a bug in etl: run again with --verbose and report it'
  return new EtlError('E901', unforeseen(error), { cause: error, hint })
}

/** Where an error was made, without its words. */
export function framesOf({ stack = '', message }: Error): string[] {
  return stack
    .replace(message, '')
    .split('\n')
    .filter(line => /^ {4}at .*[:)]\S*$/.test(line))
}
