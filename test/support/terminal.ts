import { spawn } from 'node:child_process'
import { TerminalScreen } from './terminal-screen.js'

export interface TerminalOptions {
  readonly columns: number
  readonly rows: number
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

export interface OpenTerminal {
  readonly screen: TerminalScreen
  /** Bytes drawn so far. */
  raw(): string
  type(keys: string): void
  resize(columns: number, rows: number): void
  /** Closes the terminal as a window is closed: the program gets SIGHUP and nobody to write to. */
  hangUp(): void
  /** The exit code, 128 + signal after a signal. */
  readonly exit: Promise<number>
  /** Resolves with what `look` finds on the screen; rejects, showing the screen, when it finds nothing for 20 s or the program ends. */
  until<T>(look: (rows: readonly string[]) => T | undefined): Promise<T>
}

const PTY = new URL('pseudo-terminal.py', import.meta.url).pathname

/** Runs a program in a real pseudo-terminal. */
export function openTerminal(command: readonly string[], options: TerminalOptions): OpenTerminal {
  const { CI: _ci, NO_COLOR: _no, FORCE_COLOR: _force, NODE_ENV: _env, ...environment } = process.env
  const child = spawn('python3', [PTY, String(options.columns), String(options.rows), ...command], {
    cwd: options.cwd,
    env: { ...environment, TERM: 'xterm-256color', ...options.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const screen = new TerminalScreen(options.columns, options.rows)
  let raw = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    raw += text
    screen.write(text)
  })
  child.stdin.on('error', () => undefined)
  const exit = new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => resolve(code ?? -1))
  })
  return {
    screen,
    raw: () => raw,
    type: keys => child.stdin.write(keys),
    resize: (columns, rows) => {
      screen.resize(columns, rows)
      child.stdin.write(`\u001b[8;${rows};${columns}t`)
    },
    hangUp: () => child.kill('SIGKILL'),
    exit,
    until: async look => {
      const end = Date.now() + 20_000
      while (Date.now() < end && child.exitCode === null) {
        const found = look(screen.rows)
        if (found !== undefined) return found
        await new Promise(resolve => setTimeout(resolve, 20))
      }
      child.kill()
      throw new Error(`not seen:\n${screen.history}`)
    },
  }
}
