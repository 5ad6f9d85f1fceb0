import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MysqlServer, startMysql } from './mysql-server.js'

export interface OnDemand {
  /** Where {@link askForServer} asks. */
  readonly socket: string
  stop(): Promise<void>
}

/** Starting takes seconds and most runs need none: the first test that asks starts it, all of the run share it. */
export async function mysqlOnDemand(): Promise<OnDemand> {
  const folder = await mkdtemp(join(tmpdir(), 'etl-my-ask-'))
  const socket = join(folder, 'ask')
  let server: Promise<MysqlServer> | undefined
  const desk = createServer(asking => {
    asking.on('error', () => {})
    if (server === undefined) {
      server = startMysql()
      server.then(
        ({ version, kind }) => console.log(`MySQL ${version} (${kind})`),
        () => {},
      )
    }
    server.then(
      ({ url }) => asking.end(JSON.stringify({ url })),
      (error: unknown) => asking.end(JSON.stringify({ error: error instanceof Error ? error.message : String(error) })),
    )
  })
  await new Promise<void>(resolve => desk.listen(socket, resolve))
  desk.unref()
  return {
    socket,
    stop: async () => {
      desk.close()
      const started = await server?.catch(() => undefined)
      await started?.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** URL of the run's server, of a login that may do everything. */
export async function askForServer(socket: string): Promise<string> {
  const answer = await new Promise<string>((resolve, reject) => {
    const asking = connect(socket)
    let text = ''
    asking.on('data', data => {
      text += data.toString()
    })
    asking.once('end', () => resolve(text))
    asking.once('error', reject)
  })
  const { url, error } = JSON.parse(answer) as { url?: string; error?: string }
  if (url === undefined) throw new Error(error)
  return url
}
