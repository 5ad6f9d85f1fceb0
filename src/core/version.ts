import { readFileSync } from 'node:fs'

const description = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string
  readonly engines: { readonly node: string }
}

/** The package's version, for the ledger and `--version`. */
export const TOOL_VERSION = description.version

/** The oldest Node that it runs on. */
export const LEAST_NODE = description.engines.node.replace(/^>=/, '')
