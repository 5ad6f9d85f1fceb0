import { spawnSync } from 'node:child_process'
import { beforeAll, expect, test } from 'vitest'
import { temporaryFolder, Workspace } from '../support/etl.js'
import { captureCli } from '../unit/commands/captured-io.js'

const work = new Workspace()

beforeAll(async () => {
  work.write('crm.yaml', 'version: 1\nentities:\n  customers:\n    from: a\n  orders:\n    from: b\nmaps: {}\n')
  work.write('notes.txt', '')
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, out, err } = await captureCli(['completion', shell])
    expect([code, err]).toEqual([0, ''])
    work.write(`etl.${shell}`, out)
  }
})

/** What bash offers at the end of each line. */
function offered(lines: readonly string[]): string[] {
  const script = `source etl.bash
    while IFS='' read -r line; do
      read -ra COMP_WORDS <<< "$line"; [[ $line == *' ' ]] && COMP_WORDS+=('')
      COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 )); _etl; echo "\${COMPREPLY[*]}"
    done`
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], {
    cwd: work.dir,
    encoding: 'utf8',
    input: `${lines.join('\n')}\n`,
  })
  expect(stderr).toBe('')
  return stdout.slice(0, -1).split('\n')
}

test('bash completes commands, options, values, files and entities', () => {
  const lines = {
    'etl tr': 'trace',
    'etl quarantine retry --fr': '--from',
    'etl quarantine retry --from ': 'source kept',
    'etl run --progress ': 'auto tty plain none',
    'etl run --res': '--resume --restart',
    'etl run c': 'crm.yaml',
    'etl run crm.yaml --entity ': 'customers orders',
    'etl trace or crm.yaml': '',
    'etl run --log-file n': 'notes.txt',
    'etl run --limit ': '',
    'etl run --limit 5 c': 'crm.yaml',
    'etl completion ': 'bash zsh fish',
    'etl help exit': 'exit-codes',
    'etl nonsense ': '',
  }
  expect(offered(Object.keys(lines))).toEqual(Object.values(lines))
})

test('bash knows the completion of etl, and every command and option', async () => {
  const { stdout } = spawnSync('bash', ['--norc', '-c', 'source etl.bash; complete -p etl'], {
    cwd: work.dir,
    encoding: 'utf8',
  })
  expect(stdout).toBe('complete -F _etl etl\n')
  const [commands = ''] = offered(['etl '])
  const help = (await captureCli(['--help'])).out
  for (const name of commands.split(' ')) expect(help).toMatch(new RegExp(`^  ${name}\\b`, 'm'))
  for (const name of commands.split(' ')) {
    const [options = ''] = offered([`etl ${name} -`])
    const usage = (await captureCli(['help', name])).out
    const shown = [...usage.matchAll(/^ {2}(?:(-\w), )?(--[a-z-]+)/gm)].flatMap(([, short, long]) => [short, long])
    if (name !== 'help') expect(new Set(options.split(' '))).toEqual(new Set(shown.filter(each => each !== undefined)))
  }
})

test('fish and zsh read their scripts, where they are installed', () => {
  const empty = temporaryFolder()
  const env = { ...process.env, HOME: empty, XDG_CONFIG_HOME: empty, TERM: 'dumb' }
  const run = (shell: string, args: readonly string[]) =>
    spawnSync(shell, args, { cwd: work.dir, encoding: 'utf8', env })
  const fish = run('fish', [
    '--no-config',
    '-c',
    'source etl.fish; complete -C "etl tra"; complete -C "etl run crm.yaml --entity "',
  ])
  if (fish.error === undefined) {
    expect(fish.stdout.split('\n').map(line => line.split('\t')[0])).toEqual(['trace', 'customers', 'orders', ''])
  }
  const zsh = run('zsh', ['-f', '-c', 'autoload -U compinit; compinit -D -u; source etl.zsh; print ${_comps[etl]}'])
  if (zsh.error === undefined) expect([zsh.stdout, zsh.stderr]).toEqual(['_bash_complete -F _etl\n', ''])
})
