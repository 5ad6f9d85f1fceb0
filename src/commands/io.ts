import type { Environment } from '../ui/theme.js'

/** What a command may touch of the process; tests hand in streams of their own. */
export interface Io {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: Environment
  readonly cwd: string
}

/** Options every command has. */
export interface OutputOptions {
  /** False after `--no-color`. */
  readonly color?: boolean
  readonly ascii?: boolean
  readonly json?: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
}
