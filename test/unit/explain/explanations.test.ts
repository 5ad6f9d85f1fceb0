import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { CODES, type ErrorCode } from '../../../src/core/codes.js'
import { EtlError } from '../../../src/core/errors.js'
import { exampleText } from '../../../src/explain/example-text.js'
import type { Explanation } from '../../../src/explain/explanation.js'
import { codeGroups, EXPLANATIONS } from '../../../src/explain/explanations.js'
import { errorText } from '../../../src/ui/error-text.js'
import { themeOf } from '../../../src/ui/theme.js'

const ALL = Object.entries(EXPLANATIONS) as [ErrorCode, Explanation][]
const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
  file => /\.tsx?$/.test(file) && !file.startsWith('explain/'),
)
const sources = files.map(file => [file, readFileSync(join('src', file), 'utf8')] as const)

test('codes and texts are the same, in the same order', () => {
  expect(ALL.map(([code]) => code)).toEqual(Object.keys(CODES))
  expect(codeGroups().flatMap(({ codes }) => codes)).toEqual(Object.keys(CODES))
})

test.each(ALL)('%s says everything', (code, { means, why, example, mend }) => {
  for (const text of [means, why]) expect(text).toMatch(/^[^a-z].{15,}\.$/s)
  expect(mend.length).toBeGreaterThan(0)
  for (const text of [means, why, ...mend]) {
    expect(text.split('`').length % 2, text).toBe(1)
    expect(text).not.toContain('\n')
  }
  expect(example.at === undefined || example.where === undefined).toBe(true)
  expect(example.rejected !== undefined).toBe(code.startsWith('E4'))
})

/** Words of databases and of Node, which nothing in src says. */
const FOREIGN = new Set<ErrorCode>(['E302', 'E304', 'E308', 'E309', 'E516', 'E520', 'E901'])

/** Put together of several, as `has no primary key` behind a table's name. */
const COMPOSED = new Set<ErrorCode>(['E210', 'E220', 'E231', 'E502'])

test('examples are messages that the program has', () => {
  const known = sources
    .filter(([, text]) => /E\d{3}|message|hint/.test(text))
    .flatMap(([file, text]) => messagesOf(file, text))
  const says = (text: string): boolean =>
    known.some(({ longest, pattern }) => text.includes(longest) && pattern.test(text))
  const invented = ALL.flatMap(([code, { example }]) => {
    const what = example.what.replace(/ \(([\dA-Z]*\d[\dA-Z]*|SQLITE_[A-Z]+|E[A-Z]+)\)$/, '')
    return [
      ...(FOREIGN.has(code) || COMPOSED.has(code) || says(what) ? [] : [`${code} ${what}`]),
      ...(example.hint === undefined || example.hint.split(/, (?=or )/).every(says) || says(example.hint)
        ? []
        : [`${code} hint ${example.hint}`]),
    ]
  })
  expect(invented).toEqual([])
})

test('an example looks like the error itself', () => {
  const { what, where = '', hint = '' } = EXPLANATIONS.E301.example
  const options = { theme: themeOf({}, {}, false), verbose: false, version: '' }
  expect(`${exampleText('E301', EXPLANATIONS.E301.example)}\n`).toBe(
    errorText(new EtlError('E301', what, { where, hint }), options),
  )
})

interface Message {
  /** The longest fixed part, which is quick to look for. */
  readonly longest: string
  readonly pattern: RegExp
}

/** The texts of a file as patterns, with anything where a template has an expression. */
function messagesOf(file: string, text: string): Message[] {
  const found: Message[] = []
  const add = (parts: readonly string[]): void => {
    const longest = parts.toSorted((a, b) => b.length - a.length)[0] ?? ''
    if (longest.trim().length < 6) return
    const fixed = parts.map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    found.push({ longest, pattern: new RegExp(`^${fixed.join('[^]*')}$`) })
  }
  const visit = (node: ts.Node): void => {
    const joined = textOf(node)
    if (joined !== undefined) add(joined)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest))
  return found
}

/** The fixed parts of a text that may be put together of several. */
function textOf(node: ts.Node): string[] | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text]
  if (ts.isTemplateExpression(node)) return [node.head.text, ...node.templateSpans.map(span => span.literal.text)]
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return undefined
  const [left, right] = [textOf(node.left), textOf(node.right)]
  if (left === undefined || right === undefined) return undefined
  return [...left.slice(0, -1), `${left.at(-1)}${right[0]}`, ...right.slice(1)]
}
