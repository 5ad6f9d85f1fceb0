import { readdirSync, readFileSync } from 'node:fs'

/** The kernel counts in these, whatever its own clock does. */
const TICKS_PER_SECOND = 100

interface Times {
  readonly parent: number
  readonly ticks: number
}

/** Seconds of processor time of processes and all that descend from them, those that have ended too; 0 off Linux. */
export function cpuSeconds(pids: readonly number[]): number {
  const all = new Map<number, Times>()
  for (const name of entries('/proc')) if (/^\d+$/.test(name)) add(all, Number(name))
  const wanted = new Set(pids)
  let grew = true
  while (grew) {
    const before = wanted.size
    for (const [pid, { parent }] of all) if (wanted.has(parent)) wanted.add(pid)
    grew = wanted.size > before
  }
  return [...wanted].reduce((sum, pid) => sum + (all.get(pid)?.ticks ?? 0), 0) / TICKS_PER_SECOND
}

/** Of this process's children that have ended. */
export function cpuOfEnded(): number {
  const [, , , , , , , , , , , , , user = '0', system = '0'] = fieldsOf('self')
  return (Number(user) + Number(system)) / TICKS_PER_SECOND
}

function add(all: Map<number, Times>, pid: number): void {
  const fields = fieldsOf(String(pid))
  const ticks = fields.slice(11, 15).reduce((sum, value) => sum + Number(value), 0)
  if (fields.length > 0) all.set(pid, { parent: Number(fields[1]), ticks })
}

/** From the state on: the name before it may hold blanks. */
function fieldsOf(pid: string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
