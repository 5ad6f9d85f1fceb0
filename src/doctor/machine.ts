import { constants } from 'node:fs'
import { access, statfs } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import type { Connector } from '../core/connector.js'
import { runTool } from '../core/tool.js'
import { LEAST_NODE, TOOL_VERSION } from '../core/version.js'
import { type Finding, failedFinding } from './finding.js'

const MACHINE = 'machine'
const LITTLE_SPACE = 1e9

/** Node and etl itself. */
export function checkVersions(node: string): readonly Finding[] {
  const enough = isAtLeast(node, LEAST_NODE)
  const state = enough ? 'ok' : 'failed'
  const hint = enough ? {} : { hint: `install Node ${LEAST_NODE} or newer` }
  return [
    { where: MACHINE, what: 'Node', state, detail: enough ? node : `${node}, and ${LEAST_NODE} is needed`, ...hint },
    { where: MACHINE, what: 'etl', state: 'ok', detail: TOOL_VERSION },
  ]
}

function isAtLeast(version: string, least: string): boolean {
  const [have = [], need = []] = [version, least].map(text => text.replace(/^v/, '').split('.').map(Number))
  const at = need.findIndex((part, i) => part !== (have[i] ?? 0))
  return at < 0 || (have[at] ?? 0) > (need[at] ?? 0)
}

/** The packages that speak with these databases. */
export async function checkDrivers(connectors: readonly Connector[]): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const { driver, name } of connectors) {
    if (driver === undefined) continue
    const what = `driver ${driver.name}`
    try {
      await driver.load()
      findings.push({ where: MACHINE, what, state: 'ok', detail: versionOf(driver.name) ?? 'there' })
    } catch (error) {
      const found = failedFinding(MACHINE, what, error)
      findings.push({ ...found, state: 'warning', detail: `${found.detail}; only ${name} needs it` })
    }
  }
  return findings
}

function versionOf(name: string): string | undefined {
  try {
    return (createRequire(import.meta.url)(`${name}/package.json`) as { version?: string }).version
  } catch {
    // A package may keep its description to itself.
    return undefined
  }
}

/** The databases' own programs, for backups. */
export async function checkTools(connectors: readonly Connector[]): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const { name, tools = [] } of connectors) {
    for (const command of tools) {
      const text = await runTool({ command, args: ['--version'] }).catch(() => undefined)
      if (text === undefined) {
        const detail = `not installed; without it backups of ${name} save rows alone`
        const hint = `install the client programs of ${name}, in the version of the server`
        findings.push({ where: MACHINE, what: command, state: 'warning', detail, hint })
      } else {
        const detail = /\d+\.[\d.]*\d/.exec(text.replace(/Ver \d+\.\d+ Distrib/, ''))?.[0] ?? text.trim()
        findings.push({ where: MACHINE, what: command, state: 'ok', detail })
      }
    }
  }
  return findings
}

/** Can the folder, or the nearest above it that exists, be written, and is there room? */
export async function checkFolder(what: string, folder: string): Promise<Finding> {
  let place = folder
  while (dirname(place) !== place && !(await may(place, constants.F_OK))) place = dirname(place)
  if (!(await may(place, constants.W_OK))) {
    const hint = `give the rights: \`chmod u+w '${place}'\``
    return { where: MACHINE, what, state: 'failed', detail: `${place} cannot be written`, code: 'E513', hint }
  }
  const { bavail, bsize } = await statfs(place)
  const free = bavail * bsize
  const detail = `${free >= 1e9 ? `${(free / 1e9).toFixed(1)} GB` : `${(free / 1e6).toFixed(0)} MB`} free`
  if (free >= LITTLE_SPACE) return { where: MACHINE, what, state: 'ok', detail }
  return {
    where: MACHINE,
    what,
    state: 'warning',
    detail: `${detail} in ${place}`,
    hint: 'free some space before a run',
  }
}

function may(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  )
}
