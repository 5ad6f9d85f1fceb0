import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { type FileHandle, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
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
  /** What {@link withSecrets} lends. */
  readonly secrets?: Secrets
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

/** What a program needs of its surroundings. The rest may hold secrets, and these can be read while it runs. */
const INHERITED =
  /^(PATH|HOME|USER|LOGNAME|TMPDIR|TEMP|TMP|TZ|LANG|LANGUAGE|LC_.*|LD_LIBRARY_PATH|DYLD_.*|SYSTEMROOT|PATHEXT|COMSPEC|KRB5.*|SSL_CERT_.*)$/i

function inherited(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => INHERITED.test(name)))
}

const STDERR_BYTES = 64 * 1024

/** What the program writes, as it comes; throws {@link ToolError} after the last piece where it ended badly. */
export async function* toolOutput({ command, args, env, input, secrets, signal }: ToolCall): AsyncGenerator<Buffer> {
  // The file itself and not what is read of it: should this process be killed, the program still comes to the end.
  const file = input === undefined ? undefined : await open(input, 'r')
  const child = spawn(command, args, {
    stdio: [file?.fd ?? 'ignore', 'pipe', 'pipe', ...(secrets?.open ?? [])],
    env: { ...inherited(), ...env },
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

/** Files of which only a program that we start, and this user, can read. */
export interface Secrets {
  /** As the program finds them, in the order of their texts. */
  readonly paths: readonly string[]
  /** Descriptors to hand on to it. */
  readonly open: readonly number[]
}

/** Descriptors of a child from here on are ours to give. */
const FIRST = 3
const BY_DESCRIPTOR = '/dev/fd'

/**
 * Lends texts to programs, for as long as the work takes. Where files can be had by their descriptor they have no name any
 * more before a program starts: nothing of them is left, however this process ends.
 */
export async function withSecrets<T>(texts: readonly string[], work: (secrets: Secrets) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'etl-'))
  const handles: FileHandle[] = []
  try {
    const paths = texts.map((_, i) => join(folder, String(i)))
    for (const [i, path] of paths.entries()) await writeFile(path, texts[i] ?? '', { mode: 0o600, flag: 'wx' })
    if (!existsSync(BY_DESCRIPTOR)) return await work({ paths, open: [] })
    for (const path of paths) handles.push(await open(path, 'r'))
    await rm(folder, { recursive: true })
    return await work({
      paths: texts.map((_, i) => `${BY_DESCRIPTOR}/${FIRST + i}`),
      open: handles.map(({ fd }) => fd),
    })
  } finally {
    for (const handle of handles) await handle.close()
    await rm(folder, { recursive: true, force: true })
  }
}
