import { setTimeout as sleep } from 'node:timers/promises'
import { EtlError } from '../../core/errors.js'
import { LOOK_MS, MOST_FAILED, stopped } from '../outcome.js'
import type { RestateAddress } from './address.js'

export interface Request {
  readonly method?: 'GET' | 'POST' | 'PATCH'
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** Talks to the two ports of a Restate: JSON over HTTP. */
export class Client {
  readonly address: RestateAddress
  readonly #closed = new AbortController()

  constructor(address: RestateAddress) {
    this.address = address
  }

  /** Throws E560 where nobody answers. */
  async ask(port: 'ingress' | 'admin', path: string, request: Request = {}): Promise<Answer> {
    const answer = await this.#try(port, path, request)
    if (answer instanceof Error) throw this.#silent(answer)
    return answer
  }

  /** As {@link ask}, but of what may be done twice: a server that is away for a moment is asked again. */
  async patiently(port: 'ingress' | 'admin', path: string, request: Request = {}): Promise<Answer> {
    for (let failed = 1; ; failed++) {
      const answer = await this.#try(port, path, request)
      if (!(answer instanceof Error)) return answer
      if (failed === MOST_FAILED) throw this.#silent(answer)
      await sleep(LOOK_MS, undefined, { signal: this.#closed.signal }).catch(() => undefined)
    }
  }

  /** Rows of the tables that Restate shows of itself. */
  async rows(sql: string): Promise<Readonly<Record<string, unknown>>[]> {
    const { status, body } = await this.ask('admin', '/query', {
      method: 'POST',
      body: { query: sql },
      headers: { accept: 'application/json' },
    })
    if (status !== 200) throw refused('a query of its tables', status, body)
    return (body as { readonly rows: Readonly<Record<string, unknown>>[] }).rows
  }

  close(): void {
    this.#closed.abort()
  }

  /** An error where there was no answer, or none of the server itself. Throws E515 where it is not waited for any more. */
  async #try(port: 'ingress' | 'admin', path: string, request: Request): Promise<Answer | Error> {
    const { method = 'GET', body, headers, signal } = request
    const stop = signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal])
    try {
      const response = await fetch(`${this.address[port]}${path}`, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: stop,
      })
      const text = await response.text()
      if (response.status === 503) return new Error('it is starting')
      return { status: response.status, body: text === '' ? undefined : parsed(text) }
    } catch (cause) {
      if (stop.aborted) throw stopped()
      return cause instanceof Error ? cause : new Error(String(cause))
    }
  }

  #silent(cause: Error): EtlError {
    return new EtlError('E560', `the engine does not answer at ${this.address.ingress} and ${this.address.admin}`, {
      kind: 'connection',
      cause,
      hint: 'is Restate there, and are both ports right? restate://host:8080?admin=9070',
    })
  }
}

/** An answer that nobody expects, without what it says: that may hold anything. */
export function refused(what: string, status: number, body: unknown): EtlError {
  const code = (body as { readonly restate_code?: unknown } | undefined)?.restate_code
  return new EtlError(
    'E560',
    `the engine refused ${what}: HTTP ${status}${typeof code === 'string' ? ` (${code})` : ''}`,
    {
      kind: 'connection',
      hint: 'etl engine check --engine …',
    },
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
