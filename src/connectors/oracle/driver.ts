import type oracledb from 'oracledb'
import { EtlError } from '../../core/errors.js'
import type { Settings } from './spec.js'

export type Driver = typeof oracledb

let thickLibrary: { readonly dir: string | undefined } | undefined

/** Loads the driver; thick mode is chosen for the whole process, at the first connection and never again. */
export async function loadDriver(settings: Settings): Promise<Driver> {
  const driver = await importDriver()
  if (settings.thick !== undefined) startThick(driver, settings.thick.libDir)
  return driver
}

export async function importDriver(): Promise<Driver> {
  try {
    return (await import('oracledb')).default
  } catch (cause) {
    throw new EtlError('E310', 'the driver `oracledb` is missing', {
      kind: 'connection',
      hint: 'npm install oracledb',
      cause,
    })
  }
}

function startThick(driver: Driver, libDir: string | undefined): void {
  if (thickLibrary !== undefined) {
    if (thickLibrary.dir === libDir) return
    throw new EtlError('E310', 'two oracle blocks name different client libraries', {
      kind: 'usage',
      hint: 'one process can load only one: give them the same `thick.lib_dir`',
    })
  }
  try {
    driver.initOracleClient(libDir === undefined ? {} : { libDir })
    thickLibrary = { dir: libDir }
  } catch (cause) {
    const late = cause instanceof Error && cause.message.startsWith('NJS-118')
    throw new EtlError('E310', late ? 'thin mode is in use already' : "Oracle's client libraries cannot be loaded", {
      kind: 'connection',
      hint: late
        ? 'one process can use only one mode: give every oracle block the same `thick`'
        : 'install Oracle Instant Client 19 or newer, and name its folder in `thick.lib_dir`',
      native: /^(NJS|DPI)-\d+/.exec(cause instanceof Error ? cause.message : '')?.[0] ?? 'DPI-1047',
    })
  }
}
