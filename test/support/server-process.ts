import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Who a server runs as: none of them runs as root. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

/** Undefined where this process may run the server itself. */
export function accountFor(name: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  for (const user of [name, 'nobody']) {
    const fields = lines.find(line => line.startsWith(`${user}:`))?.split(':')
    if (fields !== undefined) return { uid: Number(fields[2]), gid: Number(fields[3]) }
  }
  throw new Error(`running as root, and there is neither a user ${name} nor nobody to run the server as`)
}

export interface ServerFolder {
  readonly root: string
  readonly port: number
  readonly user: Account | undefined
}

/** Starts a server in a temporary folder and on a free port, which another process may take before the server does. */
export async function inFolder<Server>(
  prefix: string,
  user: Account | undefined,
  taken: RegExp,
  start: (folder: ServerFolder) => Promise<Server>,
): Promise<Server> {
  for (let attempt = 1; ; attempt++) {
    const root = await mkdtemp(join(tmpdir(), prefix))
    try {
      if (user !== undefined) await chown(root, user.uid, user.gid)
      return await start({ root, port: await freePort(), user })
    } catch (error) {
      await rm(root, { recursive: true, force: true })
      if (attempt === 3 || !taken.test(String(error))) throw error
    }
  }
}

/** Settings for a server's command line; `$ROOT` in them is the folder, where the files are that only the server may read. */
export async function settingsIn(
  { root, user }: ServerFolder,
  settings: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(root, name), text, { mode: 0o600 })
    if (user !== undefined) await chown(join(root, name), user.uid, user.gid)
  }
  return Object.entries(settings).map(([name, value]) => `${name}=${value.replace('$ROOT', root)}`)
}

export interface GuardedOptions {
  readonly folder: ServerFolder
  readonly script: string
  readonly command: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Asks the server; fails while it does not answer. */
  version(): Promise<string>
}

export interface GuardedServer {
  readonly pid: number
  readonly version: string
  /** Waits until it answers again. */
  ready(): Promise<string>
  stop(): Promise<void>
}

/**
 * Runs a shell script that starts the server `"$@"` in `$ETL_ROOT`, prints its process id, and takes it along when its
 * descriptor 3 ends, which it does when this process does, however that ends.
 */
export async function guarded(options: GuardedOptions): Promise<GuardedServer> {
  const { root, user } = options.folder
  const child = spawn('/bin/sh', ['-c', options.script, 'guard', ...options.command], {
    ...user,
    cwd: root,
    detached: true,
    env: { ...options.env, ETL_ROOT: root },
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
  })
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  let output = ''
  child.stdout?.on('data', (data: Buffer) => {
    output += data.toString()
  })
  const ready = async (): Promise<string> => {
    const end = Date.now() + 60_000
    for (;;) {
      try {
        return await options.version()
      } catch (error) {
        if (child.exitCode !== null || Date.now() > end) {
          throw new Error(`the server did not start: ${output.trim()}`, { cause: error })
        }
        await sleep(50)
      }
    }
  }
  const pid = await firstLine(child)
  try {
    const version = await ready()
    child.unref()
    for (const stream of child.stdio) (stream as unknown as { unref?: () => void } | null)?.unref?.()
    const stop = async (): Promise<void> => {
      child.stdio[3]?.destroy()
      child.ref()
      await exited
      await rm(root, { recursive: true, force: true })
    }
    return { pid, version, ready, stop }
  } catch (error) {
    child.stdio[3]?.destroy()
    await exited
    throw error
  }
}

async function firstLine(child: ChildProcess): Promise<number> {
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => reject(new Error('the server could not be started')))
    child.stdout?.once('data', (data: Buffer) => resolve(Number(data.toString().trim())))
  })
}

export async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
