import type { MappingTestReport } from '../mapping-test/run-tests.js'
import { plural, printable } from './format.js'
import { paint, type Theme } from './theme.js'

/** Tests by entity, those that fail with what is not as expected and where they stand. */
export function mappingTestText(
  report: MappingTestReport,
  options: { readonly theme: Theme; readonly file: string },
): string {
  const { theme, file } = options
  const { symbols } = theme
  const { tests } = report
  const failed = tests.filter(({ ok }) => !ok).length
  if (tests.length === 0) return ` ${symbols.dot} ${printable(report.pipeline)} has no tests\n`
  const entities = [...new Set(tests.map(({ entity }) => entity))]
  const blocks = entities.flatMap(entity => [
    ` ${paint(theme, 'strong', printable(entity))}`,
    ...tests
      .filter(test => test.entity === entity)
      .flatMap(({ name, ok, problems, line }) => [
        `   ${ok ? paint(theme, 'good', symbols.done) : paint(theme, 'bad', symbols.failed)} ${printable(name)}${
          ok ? '' : `   ${printable(`${file}:${line}`)}`
        }`,
        ...problems.map(problem => `       ${printable(problem)}`),
      ]),
  ])
  const verdict =
    failed === 0
      ? `${paint(theme, 'good', symbols.done)} ${plural(tests.length, 'test')} passed`
      : `${paint(theme, 'bad', symbols.failed)} ${failed} of ${plural(tests.length, 'test')} failed`
  return `${[...blocks, '', ` ${verdict}`].join('\n')}\n`
}
