import { type ChildProcess, spawn } from 'node:child_process'

export interface EtlOptions {
  readonly cwd: string
  /** Beside PATH and HOME, which are passed on; nothing else of this process is. */
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

export interface EtlResult {
  /** Undefined where a signal ended the process. */
  readonly code: number | undefined
  readonly signal: NodeJS.Signals | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface StartedEtl {
  readonly child: ChildProcess
  readonly result: Promise<EtlResult>
}

export function startProcess(command: string, args: readonly string[], options: EtlOptions): StartedEtl {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // Whoever does not read its input must not fail the test.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(options.input ?? '')
  const result = new Promise<EtlResult>((resolve, reject) => {
    let stdout = ''
    let stderr = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.once('error', reject)
    child.once('close', (code, signal) =>
      resolve({ code: code ?? undefined, signal: signal ?? undefined, stdout, stderr }),
    )
  })
  return { child, result }
}
