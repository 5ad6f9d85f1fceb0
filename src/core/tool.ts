import { spawn } from 'node:child_process'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A program of the database's own, run as a child. No secret is among its arguments. */
export interface ToolCall {
  readonly command: string
  readonly args: readonly string[]
  /** Added to the environment; undefined takes a variable out. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** A file that is its standard input. */
  readonly input?: string
  readonly signal?: AbortSignal
}

/** The program ended badly, or is not there (`missing`). */
export class ToolError extends Error {
  override readonly name = 'ToolError'
  readonly missing: boolean
  /** What it wrote to its error output. */
  readonly stderr: string

  constructor(command: string, why: string, stderr: string, missing: boolean) {
    super(`${command} ${why}`)
    this.stderr = stderr
    this.missing = missing
  }
}

const STDERR_BYTES = 64 * 1024

/** What the program writes, as it comes; throws {@link ToolError} after the last piece where it ended badly. */
export async function* toolOutput({ command, args, env, input, signal }: ToolCall): AsyncGenerator<Buffer> {
  // The file itself and not what is read of it: should this process be killed, the program still comes to the end.
  const file = input === undefined ? undefined : await open(input, 'r')
  const child = spawn(command, args, {
    stdio: [file?.fd ?? 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    ...(signal === undefined ? {} : { signal }),
  })
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(0, STDERR_BYTES)
  })
  const ended = new Promise<{ readonly code: number | null; readonly error?: Error }>(resolve => {
    child.once('error', error => resolve({ code: null, error }))
    child.once('close', code => resolve({ code }))
  })
  await file?.close()
  let complete = false
  try {
    if (child.stdout !== null) for await (const chunk of child.stdout) yield chunk as Buffer
    complete = true
  } finally {
    if (!complete) child.kill()
    await ended
  }
  const { code, error } = await ended
  signal?.throwIfAborted()
  if (error !== undefined) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new ToolError(command, missing ? 'is not installed' : 'cannot be started', stderr, missing)
  }
  if (code !== 0) throw new ToolError(command, `ended with code ${code ?? 'none'}`, stderr, false)
}

/** Runs the program and gives all that it wrote. */
export async function runTool(call: ToolCall): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of toolOutput(call)) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** Lends a file with secrets, which only this user can read, for as long as the work takes. */
export async function withSecretFile<T>(text: string, work: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'etl-'))
  try {
    const file = join(folder, 'login')
    await writeFile(file, text, { mode: 0o600, flag: 'wx' })
    return await work(file)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
