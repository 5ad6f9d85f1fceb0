import type { Command } from 'commander'
import { EtlError } from '../core/errors.js'
import type { RemoteEngine } from '../engine/port.js'
import type { Io } from './io.js'
import type { Terminal } from './terminal.js'

export interface EngineFlags {
  readonly engine?: string
}

export function addEngineOption(command: Command, what: string): Command {
  return command.option('--engine <url>', `${what} (default: $ETL_ENGINE)`)
}

/** Undefined where neither the flag nor the variable names one. */
export function engineUrl({ engine }: EngineFlags, { env }: Io): string | undefined {
  const url = engine ?? env.ETL_ENGINE
  return url === undefined || url === '' ? undefined : url
}

export function neededEngineUrl(flags: EngineFlags, io: Io): string {
  const url = engineUrl(flags, io)
  if (url !== undefined) return url
  throw new EtlError('E520', 'no engine is named', {
    kind: 'usage',
    hint: '--engine postgres://etl@host/database, --engine restate://host:8080, or the variable ETL_ENGINE',
  })
}

/** Opens the engine for a command that hands work over or looks, and closes it. Its address is hidden in all that is written. */
export async function withEngine<T>(
  url: string,
  terminal: Terminal,
  secrets: readonly string[],
  work: (engine: RemoteEngine) => Promise<T>,
): Promise<T> {
  await hideEngine(url, terminal, secrets)
  const { openEngine } = await import('../index.js')
  const engine = await openEngine(url, { applicationName: 'etl' })
  try {
    return await work(engine)
  } finally {
    await engine.close()
  }
}

/** @param secrets others that stay hidden */
export async function hideEngine(url: string, terminal: Terminal, secrets: readonly string[] = []): Promise<void> {
  const { secretsOf } = await import('../load/secrets.js')
  await terminal.hide([...secrets, ...secretsOf(['target', 'url'], url, true)])
}
