import { relative } from 'node:path'
import type { Reporter, TestModule } from 'vitest/node'
import { THREATS, threatsOf } from '../security/threats.js'

interface Tally {
  readonly threat: string
  readonly attacks: string[]
  passed: number
  failed: number
}

/** At the end of a run one line a threat: what was attacked and whether it held. A threat without a test fails. */
export class ThreatReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tallies = new Map<string, Tally>()
    const add = (id: string, threat: string): Tally => {
      const tally = tallies.get(id) ?? { threat, attacks: [], passed: 0, failed: 0 }
      tallies.set(id, tally)
      return tally
    }
    // All of them where the whole suite runs, else those of the files that were asked for.
    if (modules.length > THREATS.length) for (const { id, threat } of THREATS) add(id, threat)
    for (const module of modules) {
      const file = relative(process.cwd(), module.moduleId)
      const tests = [...module.children.allTests()]
      for (const { id, threat } of threatsOf(file)) {
        const tally = add(id, threat)
        const passed = tests.filter(test => test.ok()).length
        tally.passed += passed
        tally.failed += tests.length - passed + (module.ok() || passed < tests.length ? 0 : 1)
        if (file.startsWith('test/security/'))
          tally.attacks.push(...[...module.children.suites()].map(each => each.name))
      }
    }
    console.log(`\n${[...tallies].map(([id, tally]) => line(id, tally)).join('\n')}\n`)
    if ([...tallies.values()].some(({ passed }) => passed === 0)) process.exitCode = 1
  }
}

function line(id: string, { threat, attacks, passed, failed }: Tally): string {
  const verdict = failed > 0 ? 'FAILED' : passed > 0 ? 'ok' : 'NO TEST'
  const counted = failed > 0 ? `${failed} of ${passed + failed}` : `${passed}`
  const what = attacks.length > 0 ? attacks.join(' · ') : threat
  return `${failed === 0 && passed > 0 ? '✔' : '✖'} ${id.padEnd(20)} ${verdict.padEnd(7)} ${counted.padStart(8)} tests  ${what}`
}
