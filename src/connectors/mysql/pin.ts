import { EtlError } from '../../core/errors.js'
import type { Row } from '../../core/row.js'
import { quoteText } from './dialect.js'
import type { Settings } from './spec.js'

/** Facts of the server that decide how we write. */
export interface Server {
  readonly version: string
  readonly mariadb: boolean
  readonly localInfile: boolean
  readonly maxPacket: number
  readonly keyStep: number
}

/** Bad values are errors, a key of 0 stays 0, and a table gets the engine it asks for or none. */
const SQL_MODE = [
  'ERROR_FOR_DIVISION_BY_ZERO',
  'NO_AUTO_VALUE_ON_ZERO',
  'NO_ENGINE_SUBSTITUTION',
  'NO_ZERO_DATE',
  'NO_ZERO_IN_DATE',
  'STRICT_ALL_TABLES',
  'STRICT_TRANS_TABLES',
]

const WAIT_SECONDS = 7 * 24 * 3600

/** Of a reader the server counts also the time that a slow target takes for the rows. */
function limits(settings: Settings, readOnly: boolean): readonly (readonly [name: string, value: number])[] {
  const ms = readOnly ? 0 : settings.statementTimeoutMs
  return [
    ['max_statement_time', ms / 1000],
    ['max_execution_time', ms],
    ['idle_write_transaction_timeout', settings.idleTimeout],
  ]
}

/**
 * Sets everything of a session that decides how values look and what is refused, and proves that it holds.
 *
 * @throws EtlError E308 where the server keeps a setting of its own
 */
export async function pin(
  run: (sql: string) => Promise<{ readonly rows: readonly Row[] }>,
  settings: Settings,
  options: { readonly readOnly: boolean; readonly where: string },
): Promise<Server> {
  // Not by @@name: servers differ in what they have.
  const found = await run(
    `show variables where variable_name in ('version', 'local_infile', 'max_allowed_packet', 'auto_increment_increment',
       'binlog_format', 'log_bin', 'max_statement_time', 'max_execution_time', 'idle_write_transaction_timeout')`,
  )
  const variables = new Map(found.rows.map(([name, value]) => [String(name).toLowerCase(), String(value)]))
  const version = variables.get('version') ?? ''
  // A server that logs statements refuses them at the lower level.
  const repeatable =
    options.readOnly || (variables.get('binlog_format') === 'STATEMENT' && variables.get('log_bin') === 'ON')
  const isolation = repeatable ? 'repeatable read' : 'read committed'
  await run(
    `set session sql_mode = ${quoteText(SQL_MODE.join(','))}, time_zone = '+00:00', autocommit = 1, ` +
      `default_storage_engine = InnoDB, sql_warnings = 0, sql_notes = 1, sql_safe_updates = 0, sql_auto_is_null = 0, ` +
      `foreign_key_checks = 1, unique_checks = 1, group_concat_max_len = 1048576, ` +
      // A reader may rightly wait for hours while a slow target catches up.
      `wait_timeout = ${WAIT_SECONDS}, net_write_timeout = ${WAIT_SECONDS}, net_read_timeout = 600, ` +
      `innodb_lock_wait_timeout = ${settings.lockTimeout}`,
  )
  for (const [name, value] of limits(settings, options.readOnly)) {
    if (variables.has(name)) await run(`set session ${name} = ${value}`)
  }
  await run(`set session transaction isolation level ${isolation}`)
  if (options.readOnly) await run('set session transaction read only')
  const check = await run(
    `select @@session.sql_mode, @@session.time_zone, @@session.character_set_client, @@session.character_set_results`,
  )
  const [mode = '', zone, client, results] = (check.rows[0] ?? []).map(String)
  const modes = mode.split(',')
  const wrong =
    SQL_MODE.find(name => !modes.includes(name)) ??
    ['NO_BACKSLASH_ESCAPES', 'ANSI_QUOTES', 'PAD_CHAR_TO_FULL_LENGTH'].find(name => modes.includes(name))
  if (wrong !== undefined || zone !== '+00:00' || client !== 'utf8mb4' || results !== 'utf8mb4') {
    const name = wrong === undefined ? 'time zone or character set' : 'sql_mode'
    const message = `the session setting ${name} cannot be set`
    throw new EtlError('E308', message, { kind: 'connection', where: options.where })
  }
  return {
    version,
    mariadb: /mariadb/i.test(version),
    localInfile: variables.get('local_infile') === 'ON',
    maxPacket: Number(variables.get('max_allowed_packet') ?? 1 << 20),
    keyStep: Number(variables.get('auto_increment_increment') ?? 1),
  }
}
