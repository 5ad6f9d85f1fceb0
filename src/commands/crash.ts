import { writeSync } from 'node:fs'
import { CODES } from '../core/codes.js'
import { TOOL_VERSION } from '../core/version.js'

let redact: (text: string) => string = text => text

/** From now on a crash is told with these masked. */
export function hideInCrashes(redactor: (text: string) => string): void {
  redact = redactor
}

/**
 * What nobody caught ends the process with code 1, as it would anyhow, but is told by its place alone: Node would print
 * the error with everything that hangs on it, which are statements with rows and connections with passwords.
 */
export function tellCrashes(): void {
  withoutEnvironment(process.report)
  process.on('uncaughtException', error => {
    try {
      const STDERR = 2
      writeSync(STDERR, redact(crashText(error)))
    } catch {
      // Nobody reads any more.
    }
    process.exit(1)
  })
}

/** A diagnostic report, for which a user can ask, has every variable of the environment. */
function withoutEnvironment(report: NodeJS.ProcessReport & { excludeEnv?: boolean }): void {
  if ('excludeEnv' in report) report.excludeEnv = true
  else Object.assign(report, { reportOnFatalError: false, reportOnSignal: false, reportOnUncaughtException: false })
}

function crashText(thrown: unknown): string {
  const error = thrown instanceof Error ? thrown : new Error('something that is no error was thrown')
  const { code } = error as Error & { readonly code?: unknown }
  const words = isOfTheEngine(error) ? `: ${error.message}` : typeof code === 'string' ? ` ${code.slice(0, 40)}` : ''
  return `E901 ${CODES.E901}
  what   ${error.name}${words}
  hint   this is a bug in etl, not in your pipeline; please report it with this output (etl ${TOOL_VERSION}, Node ${process.version}); what was committed stays, \`etl run … --resume\` goes on
${framesOf(error).join('\n')}
`
}

/** These words name code; those of other errors may quote what was worked on. */
function isOfTheEngine(error: Error): boolean {
  return (error instanceof TypeError || error instanceof ReferenceError) && !('code' in error)
}

function framesOf({ stack = '', message }: Error): string[] {
  return stack
    .replace(message, '')
    .split('\n')
    .filter(line => /^ {4}at .*[:)]\S*$/.test(line))
}
