import { Challenge } from './auth.js'
import type { SqlBackend } from './backend.js'
import type { Profile } from './negotiate.js'
import { versionNumber } from './negotiate.js'
import { OraError } from './ora-error.js'
import type { TtcReader } from './ttc-reader.js'
import { TtcWriter } from './ttc-writer.js'

export const LOGIN = { phaseOne: 118, phaseTwo: 115 } as const

/** The two calls of a login. */
export class Login {
  readonly #backend: SqlBackend
  readonly #profile: Profile
  readonly #service: string
  #user = ''
  #challenge: Challenge | undefined

  constructor(backend: SqlBackend, profile: Profile, service: string) {
    this.#backend = backend
    this.#profile = profile
    this.#service = service
  }

  get user(): string {
    return this.#user
  }

  /** The first answer. An unknown user gets a challenge that nothing solves, so that both look the same. */
  first(reader: TtcReader): Buffer {
    const { user } = readRequest(reader)
    this.#user = /^"(.*)"$/.exec(user)?.[1] ?? user.toUpperCase()
    const known = this.#backend.login(this.#user)
    this.#challenge = new Challenge(known?.verifier ?? '12c', known?.password ?? `\u0000${Math.random()}`)
    return pairs(this.#challenge.pairs)
  }

  /** The second answer; throws ORA-01017 where the password is wrong. */
  second(reader: TtcReader, sessionId: number): Buffer {
    const { values } = readRequest(reader)
    const response = this.#challenge?.check(values)
    if (response === undefined) throw new OraError(1017, 'invalid username/password; logon denied')
    const facts: readonly (readonly [string, string])[] = [
      ['AUTH_SVR_RESPONSE', response],
      ['AUTH_VERSION_STRING', this.#profile.banner],
      ['AUTH_VERSION_NO', String(versionNumber(this.#profile))],
      ['AUTH_SC_DBUNIQUE_NAME', 'TESTDB'],
      ['AUTH_SC_REAL_DBUNIQUE_NAME', 'TESTDB'],
      ['AUTH_SC_SERVICE_NAME', this.#service],
      ['AUTH_DBNAME', 'TESTDB'],
      ['AUTH_SC_INSTANCE_NAME', 'testdb'],
      ['AUTH_INSTANCENAME', 'testdb'],
      ['AUTH_SC_DB_DOMAIN', ''],
      ['AUTH_MAX_OPEN_CURSORS', '300'],
      ['AUTH_MAX_IDEN_LENGTH', this.#profile.fieldVersion >= 8 ? '128' : '30'],
      ['AUTH_SESSION_ID', String(sessionId)],
      ['AUTH_SERIAL_NUM', '1'],
    ]
    return pairs(facts.map(([key, value]) => [key, value, 0]))
  }
}

function readRequest(reader: TtcReader): { user: string; values: Map<string, string> } {
  reader.u8()
  const length = reader.ub()
  reader.ub()
  reader.u8()
  const count = reader.ub()
  reader.raw(2)
  const user = length > 0 ? reader.text() : ''
  const values = new Map<string, string>()
  for (let i = 0; i < count; i++) {
    const key = reader.longText()
    values.set(key, reader.longText())
    reader.ub()
  }
  return { user, values }
}

function pairs(list: readonly (readonly [string, string, number])[]): Buffer {
  const writer = new TtcWriter().u8(8).ub(list.length)
  for (const [key, value, flag] of list) writer.longText(key).longText(value).ub(flag)
  return writer.toBuffer()
}
