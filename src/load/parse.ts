import type { Document, YAMLError, Node as YamlNode } from 'yaml'
import { isAlias, isMap, isScalar, isSeq, parseAllDocuments } from 'yaml'
import type { ErrorCode } from '../core/codes.js'
import type { DocPath } from '../core/diagnostics.js'
import { exactNumber } from './core-scalar.js'
import { MAX_DEPTH, tooDeep } from './depth.js'
import type { MapNode, Node, Scalar, Span } from './tree.js'

/** A problem with its place in the text; the way to the node may not exist yet. */
export interface TextProblem {
  readonly code: ErrorCode
  readonly message: string
  readonly span: Span
  readonly hint?: string
}

export interface Parsed {
  /** Undefined where the problems leave no document to look at. */
  readonly root: Node | undefined
  readonly problems: readonly TextProblem[]
}

const MAX_ALIASES = 1000
const MAX_NODES = 200_000
const REFUSED_KEYS = new Set(['__proto__', 'constructor', 'prototype'])

/** YAML 1.2 core schema to a tree with places. Never throws; every problem is collected. */
export function parseYaml(text: string): Parsed {
  const deep = tooDeep(text)
  if (deep !== undefined) return { root: undefined, problems: [depthProblem(deep)] }
  const documents = parseAllDocuments(text, {
    version: '1.2',
    schema: 'core',
    strict: true,
    uniqueKeys: false,
    merge: false,
    intAsBigInt: true,
    prettyErrors: false,
    logLevel: 'silent',
  })
  const [first, second] = 'empty' in documents ? [] : (documents as Document.Parsed[])
  if (first === undefined) return { root: undefined, problems: [empty] }
  if (second !== undefined) return { root: undefined, problems: [twoDocuments(text, second)] }
  const problems = dedupe(
    [...first.errors, ...first.warnings].map(error => syntaxProblem(error, text)),
    text,
  )
  if (problems.length > 0) return { root: undefined, problems }
  if (first.contents === null || (isScalar(first.contents) && first.contents.value === null)) {
    return { root: undefined, problems: [empty] }
  }
  return new TreeBuilder(first, text).build()
}

const empty: TextProblem = {
  code: 'E002',
  message: 'the file holds nothing but comments',
  span: { start: 0, end: 1 },
  hint: 'Write the pipeline; `etl reference` describes the language.',
}

function depthProblem(span: Span): TextProblem {
  return {
    code: 'E008',
    message: `nested deeper than ${MAX_DEPTH} levels`,
    span,
    hint: 'Look for a bracket that is never closed.',
  }
}

function twoDocuments(text: string, second: Document.Parsed): TextProblem {
  const marker = text.lastIndexOf('---', second.contents?.range?.[0] ?? second.range[1])
  const start = marker < 0 ? second.range[0] : marker
  return {
    code: 'E005',
    message: 'a second document begins here',
    span: { start, end: start + 3 },
    hint: 'Keep one pipeline in a file, and remove the `---` between them.',
  }
}

const TAB = 'a tab cannot indent YAML'

function syntaxProblem(error: YAMLError, text: string): TextProblem {
  const [start] = error.pos
  const span = { start: Math.min(start, text.length), end: Math.max(error.pos[1], start + 1) }
  if (error.code === 'TAG_RESOLVE_FAILED') {
    return {
      code: 'E004',
      message: 'tags are not part of the language',
      span,
      hint: 'Remove the `!…` before the value.',
    }
  }
  const line = text.slice(text.lastIndexOf('\n', start - 1) + 1).split('\n', 1)[0] ?? ''
  const indent = /^[ \t]*/.exec(line)?.[0] ?? ''
  if (error.code === 'TAB_AS_INDENT' || indent.includes('\t')) {
    return { code: 'E004', message: TAB, span, hint: 'Indent with spaces.' }
  }
  const variable = unquotedVariable(text, start)
  if (variable !== undefined) return variable
  const glued = /^\s*(?:- )?([A-Za-z_][\w-]*):[^\s:/\\][^:]*$/.exec(line)
  if (glued !== null && error.code !== 'MISSING_CHAR') {
    return { code: 'E004', message: 'a space is missing behind the colon', span, hint: `Write \`${glued[1]}: …\`.` }
  }
  const hint = HINTS[error.code] ?? 'Look at this line and at the end of the one above it.'
  return { code: 'E004', message: lowerFirst(withoutSource(error.message)), span, hint }
}

const HINTS: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  BAD_INDENT: 'Indent keys of one block by the same number of spaces.',
  MISSING_CHAR: 'Close what was opened: a quote, a bracket or a brace.',
}

/** The parser's words without the piece of the file that some of them quote: it may be a password. */
function withoutSource(message: string): string {
  return message
    .replace(/:\s*["'`{[].*$/s, '')
    .replace(/\s+at line \d+.*$/s, '')
    .replace(/(escape sequence) .*$/s, '$1')
}

/** `{ url: ${X} }` is a nested flow map to YAML; what the user means is a variable. */
function unquotedVariable(text: string, near: number): TextProblem | undefined {
  const lineStart = text.lastIndexOf('\n', near - 1) + 1
  const lineEnd = text.indexOf('\n', near)
  const line = text.slice(lineStart, lineEnd < 0 ? text.length : lineEnd)
  const match = /[{[,][^'"#]*?(\$\{[^}]*\})/.exec(line)
  return match === null
    ? undefined
    : variableProblem(lineStart + match.index + match[0].length - (match[1] ?? '').length, match[1] ?? '')
}

function variableProblem(start: number, variable: string): TextProblem {
  return {
    code: 'E011',
    message: 'inside { } and [ ] a variable needs quotes',
    span: { start, end: start + variable.length },
    hint: `Write "${variable}".`,
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

/**
 * The parser stumbles on after an error; the first of a line says it, and after an unquoted variable or a tab nothing else
 * counts.
 */
function dedupe(problems: readonly TextProblem[], text: string): TextProblem[] {
  const upsetting = (problem: TextProblem): boolean => problem.code === 'E011' || problem.message === TAB
  const limit = Math.min(...problems.filter(upsetting).map(problem => problem.span.start))
  const counted = problems.filter(problem => upsetting(problem) || problem.span.start < limit)
  const lines = new Set<number>()
  return counted.filter(({ span }) => {
    const line = text.lastIndexOf('\n', span.start - 1)
    return lines.has(line) ? false : lines.add(line)
  })
}

class TreeBuilder {
  readonly #document: Document.Parsed
  readonly #text: string
  readonly #problems: TextProblem[] = []
  readonly #anchors = new Map<string, YamlNode>()
  #aliases = 0
  #nodes = 0
  #stopped = false

  constructor(document: Document.Parsed, text: string) {
    this.#document = document
    this.#text = text
  }

  build(): Parsed {
    const root = this.#node(this.#document.contents, [], { start: 0, end: 1 })
    return { root: this.#stopped ? undefined : root, problems: this.#problems }
  }

  #stop(problem: TextProblem): void {
    if (!this.#stopped) this.#problems.push(problem)
    this.#stopped = true
  }

  #node(node: YamlNode | null, path: DocPath, near: Span): Node {
    // A value that is not there stands at its key.
    const span = node?.range && node.range[1] > node.range[0] ? { start: node.range[0], end: node.range[1] } : near
    const nothing: Node = { kind: 'scalar', span, value: null, plain: true }
    if (node === null || this.#stopped) return nothing
    if (path.length > MAX_DEPTH) this.#stop(depthProblem(span))
    this.#nodes += 1
    if (isAlias(node)) return this.#alias(node.source, path, span) ?? nothing
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node)
    if (this.#aliases > MAX_ALIASES || this.#nodes > MAX_NODES) this.#stop(bomb(span))
    if (this.#stopped) return nothing
    if (isScalar(node)) {
      const { value, source = '' } = node
      const number = typeof value === 'bigint' || typeof value === 'number'
      return {
        kind: 'scalar',
        span,
        value: number ? exactNumber(value, source) : (value as Scalar),
        plain: node.type === 'PLAIN',
      }
    }
    if (isSeq(node)) {
      return {
        kind: 'seq',
        span,
        items: node.items.map((item, i) => this.#node(item as YamlNode | null, [...path, i], span)),
      }
    }
    return isMap(node) ? this.#map(node.items, span, path) : nothing
  }

  #alias(name: string, path: DocPath, span: Span): Node | undefined {
    const target = this.#anchors.get(name)
    this.#aliases += 1
    if (this.#aliases > MAX_ALIASES) this.#stop(bomb(span))
    if (target !== undefined) return this.#stopped ? undefined : this.#node(target, path, span)
    // The name may be a password that begins with `*`, so it is not said.
    const hint = 'Text that begins with * needs quotes.'
    this.#problems.push({ code: 'E004', message: 'this alias has no anchor above it', span, hint })
    return undefined
  }

  #map(pairs: readonly { readonly key: unknown; readonly value: unknown }[], span: Span, path: DocPath): MapNode {
    const entries = new Map<string, { key: Span; value: Node }>()
    for (const pair of pairs) {
      const keyNode = pair.key as YamlNode | null
      const key = keyNode?.range
        ? { start: keyNode.range[0], end: Math.max(keyNode.range[1], keyNode.range[0] + 1) }
        : span
      const name = isScalar(keyNode) ? String(keyNode.type === 'PLAIN' ? keyNode.source : keyNode.value) : undefined
      const value = this.#node(pair.value as YamlNode | null, [...path, name ?? ''], key)
      const variable = this.#variableAt(key)
      if (variable !== undefined) this.#problems.push(variable)
      else if (name === undefined) this.#problems.push({ code: 'E004', message: 'a key must be a word', span: key })
      else if (REFUSED_KEYS.has(name)) {
        this.#problems.push({ code: 'E004', message: `\`${name}\` cannot be a key`, span: key })
      } else if (entries.has(name)) {
        this.#problems.push(twice(name, path, key))
      } else entries.set(name, { key, value })
    }
    return { kind: 'map', span, entries }
  }

  /** An unquoted `${X}` in a flow sequence is no syntax error: it parses as the key `$` with a map. */
  #variableAt(key: Span): TextProblem | undefined {
    if (this.#text[key.end - 1] !== '$' || this.#text[key.end] !== '{') return undefined
    const variable = /^\$\{[^}]*\}?/.exec(this.#text.slice(key.end - 1))?.[0] ?? '${'
    return variableProblem(key.end - 1, variable)
  }
}

function twice(name: string, path: DocPath, span: Span): TextProblem {
  const hint = 'Remove one of them.'
  if (path.length === 3 && path[0] === 'entities' && path[2] === 'fields') {
    return { code: 'E213', message: `target column \`${name}\` is mapped twice`, span, hint }
  }
  return { code: 'E006', message: `\`${name}\` stands here twice`, span, hint }
}

function bomb(span: Span): TextProblem {
  return {
    code: 'E007',
    message: `aliases unfold to more than ${MAX_ALIASES} parts`,
    span,
    hint: 'Write the values out, or use `defaults` and `maps`.',
  }
}
