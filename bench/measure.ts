import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpuOfEnded, cpuSeconds } from './cpu.js'

export interface Measured {
  readonly seconds: number
  /** Processor time of the command and of the servers meanwhile, which other work on the machine changes little. */
  readonly cpuSeconds: number
  /** Peak resident memory in MB; 0 where the system does not tell. */
  readonly peakMb: number
  /** Median resident memory in MB of each quarter of the time: a leak makes it grow. */
  readonly quartersMb: readonly number[]
  /** The largest resident memory in MB in each second. */
  readonly secondsMb: readonly number[]
  readonly code: number
  readonly stderr: string
}

const SAMPLE_MS = 50

/** Runs a command to its end: wall and processor time, memory of the process itself. */
export async function measure(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly servers?: readonly number[] } = {},
): Promise<Measured> {
  const { cwd, servers = [] } = options
  const busy = (): number => cpuOfEnded() + cpuSeconds(servers)
  const before = busy()
  const started = process.hrtime.bigint()
  const child = spawn(command, args, { ...(cwd === undefined ? {} : { cwd }), stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', chunk => {
    stderr += String(chunk)
  })
  let peakMb = 0
  const samples: number[] = []
  const secondsMb: number[] = []
  const timer = setInterval(() => {
    const status = statusOf(child.pid)
    peakMb = Math.max(peakMb, megabytes(status, 'VmHWM'))
    const now = megabytes(status, 'VmRSS')
    samples.push(now)
    const second = Math.floor(Number(process.hrtime.bigint() - started) / 1e9)
    secondsMb[second] = Math.max(secondsMb[second] ?? 0, now)
  }, SAMPLE_MS)
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', value => resolve(value ?? -1))
  })
  clearInterval(timer)
  const seconds = Number(process.hrtime.bigint() - started) / 1e9
  const quarter = Math.ceil(samples.length / 4)
  const quartersMb = [0, 1, 2, 3].map(i => median(samples.slice(i * quarter, (i + 1) * quarter)))
  return { seconds, cpuSeconds: busy() - before, peakMb, quartersMb, secondsMb, code, stderr }
}

function statusOf(pid: number | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return ''
  }
}

function megabytes(status: string, name: string): number {
  const match = new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)
  return match === null ? 0 : Math.round(Number(match[1]) / 1024)
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}
