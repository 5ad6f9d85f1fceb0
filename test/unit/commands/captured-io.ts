import { PassThrough } from 'node:stream'
import { runCli } from '../../../src/commands/program.js'

export interface Captured {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command line within this process, off a terminal, with streams that keep what is written. */
export async function captureCli(
  argv: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Captured> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const code = await runCli(argv, {
    // Only what a stream that is no terminal has is used of them.
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: stdout as unknown as NodeJS.WriteStream,
    stderr: stderr as unknown as NodeJS.WriteStream,
    env: options.env ?? {},
    cwd: options.cwd ?? process.cwd(),
  })
  return { code, out: text(stdout), err: text(stderr) }
}

function text(stream: PassThrough): string {
  const chunk: unknown = stream.read()
  return Buffer.isBuffer(chunk) ? chunk.toString('utf8') : ''
}
