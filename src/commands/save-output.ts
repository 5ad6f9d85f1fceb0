import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { EtlError } from '../core/errors.js'
import type { Terminal } from './terminal.js'

/**
 * Writes the file of `-o`, readable by its owner only and without secrets.
 *
 * @param what for the message: `the plan`
 * @throws EtlError E513 of kind `usage`
 */
export function saveOutput(what: string, file: string, text: string, terminal: Terminal): void {
  try {
    writeFileSync(resolve(terminal.io.cwd, file), terminal.redact(text), { mode: 0o600 })
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new EtlError('E513', `${what} cannot be written${reason}`, {
      kind: 'usage',
      where: file,
      hint: 'give another path to -o',
      cause: error,
    })
  }
}
