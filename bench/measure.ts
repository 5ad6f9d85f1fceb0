import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface Measured {
  readonly seconds: number
  /** Peak resident memory in MB; 0 where the system does not tell. */
  readonly peakMb: number
  readonly code: number
  readonly stderr: string
}

/** Runs a command to its end: wall time, peak memory of the process itself. */
export async function measure(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Measured> {
  const started = process.hrtime.bigint()
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', chunk => {
    stderr += String(chunk)
  })
  let peakMb = 0
  const timer = setInterval(() => {
    peakMb = Math.max(peakMb, peakOf(child.pid))
  }, 50)
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', value => resolve(value ?? -1))
  })
  clearInterval(timer)
  return { seconds: Number(process.hrtime.bigint() - started) / 1e9, peakMb, code, stderr }
}

function peakOf(pid: number | undefined): number {
  try {
    const match = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return match === null ? 0 : Math.round(Number(match[1]) / 1024)
  } catch {
    return 0
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}
