import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compared, fences, steps } from '../support/documented.js'
import { ROOT, runEtl } from '../support/etl.js'

const GUIDES = ['docs', 'docs/how-to', 'docs/explanation'].flatMap(folder =>
  readdirSync(join(ROOT, folder))
    .filter(name => name.endsWith('.md'))
    .map(name => join(folder, name)),
)
const PAGES = [...GUIDES, ...readdirSync(join(ROOT, 'docs/systems')).map(name => join('docs/systems', name))]

/** The run that commands with a name of the page's mean: the newest but one in its place, else the newest. */
function runNamed(command: string, folder: string, names: Map<string, string>): string {
  return command.replaceAll(/\b[0-9a-f]{8}\b/g, name => {
    const runs = join(folder, '.etl/first/runs')
    const known = names.get(name) ?? (existsSync(runs) ? readdirSync(runs)[0] : undefined) ?? name
    names.set(name, known)
    return known
  })
}

test('links of the pages go to files that are there, and every page is in the index', () => {
  const index = readFileSync(join(ROOT, 'docs/README.md'), 'utf8')
  for (const page of PAGES) {
    const text = readFileSync(join(ROOT, page), 'utf8')
    for (const [, link = ''] of text.matchAll(/\]\(([^)]+)\)/g)) {
      if (/^https?:/.test(link)) continue
      expect(existsSync(resolve(ROOT, dirname(page), link.replace(/#.*$/, ''))), `${page}: ${link}`).toBe(true)
    }
    const name = page.replace(/^docs\//, '')
    if (name !== 'README.md' && !name.startsWith('systems/')) expect(index, page).toContain(`](${name})`)
  }
})

describe.each(GUIDES.filter(page => /^```console/m.test(readFileSync(page, 'utf8'))))('%s', page => {
  test('its commands print what it shows', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'etl-guide-'))
    try {
      cpSync(join(ROOT, 'examples/first'), folder, { recursive: true, filter: path => !path.includes('.etl') })
      symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
      execFileSync(process.execPath, [join(folder, 'data.mjs')], { cwd: folder })
      // A block of code with a name is the file of that name.
      for (const [, name = '', text = ''] of readFileSync(page, 'utf8').matchAll(/^```\w+ (\S+)\n(.*?)^```/gms))
        writeFileSync(join(folder, name), text)
      const names = new Map<string, string>()
      for (const { command, shown } of fences(readFileSync(page, 'utf8'), 'console').flatMap(steps)) {
        if (!command.startsWith('etl ')) {
          execFileSync('sh', ['-c', command], { cwd: folder })
          continue
        }
        const done = await runEtl(runNamed(command, folder, names).split(' ').slice(1), { cwd: folder })
        expect([0, 3], `${command}\n${done.stderr}`).toContain(done.code)
        const { printed, wanted } = compared(done.stdout, shown)
        expect(printed, command).toEqual(wanted)
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
