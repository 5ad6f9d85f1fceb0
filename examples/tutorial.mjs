// Plays docs/tutorial.md in an empty folder, command by command, as a reader would.
// `--write` puts what the commands print into the page.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const page = join(root, 'docs/tutorial.md')
const write = process.argv.includes('--write')
const folder = mkdtempSync(join(tmpdir(), 'etl-tutorial-'))
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))

const text = readFileSync(page, 'utf8')
for (const [, name, content] of text.matchAll(/^```\w+ (\S+)\n(.*?)^```/gms)) writeFileSync(join(folder, name), content)
const written = text.replace(/^```console\n(.*?)^```/gms, (_, block) => {
  const shown = block
    .split('\n')
    .filter(line => line.startsWith('$ '))
    .map(line => `${line}\n${play(line.slice(2))}`)
  return `\`\`\`console\n${shown.join('')}\`\`\``
})
if (write) writeFileSync(page, written)
console.log(`\nEverything is in ${folder}`)

function play(command) {
  const script = `etl() { "${process.execPath}" "${join(root, 'dist/cli.js')}" "$@"; }\n${command}`
  console.log(`\n\u001b[1m$ ${command}\u001b[0m`)
  // Shown to a person, a run draws its screen; written, it tells only its result.
  const { status, stdout } = spawnSync('sh', ['-c', script], {
    cwd: folder,
    encoding: 'utf8',
    stdio: write ? ['ignore', 'pipe', 'ignore'] : 'inherit',
  })
  // 3: finished, and rows are in quarantine.
  if (status !== 0 && status !== 3) throw new Error(`${command} ended with ${status}`)
  return stdout ?? ''
}
