import { writeSync } from 'node:fs'
import { CODES } from '../core/codes.js'
import { framesOf, unforeseen } from '../core/unforeseen.js'
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
  const frames = thrown instanceof Error ? framesOf(thrown) : []
  return `E901 ${CODES.E901}
  what   ${unforeseen(thrown)}
  hint   this is a bug in etl, not in your pipeline; please report it with this output (etl ${TOOL_VERSION}, Node ${process.version}); what was committed stays, \`etl run … --resume\` goes on
${frames.join('\n')}
`
}
