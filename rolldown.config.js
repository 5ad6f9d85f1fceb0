import { isBuiltin } from 'node:module'
import { defineConfig } from 'rolldown'

/** Small packages that every command loads, or the screen; YAML and the validator alone are a hundred files. */
const BUNDLED = /^(yaml|ajv|commander|fastest-levenshtein|ink|react)(\/|$)/
/** Only Ink's development tools, which are never loaded, ask for these. */
const LEFT_OUT = /^(ws|react-devtools-core)$/

/**
 * The command line as a few files instead of 500: it starts in half the time. Runs on what tsc made, in place; other
 * packages stay outside, so that drivers are still loaded only when they are needed. What a bundled package needs is
 * bundled with it.
 */
export default defineConfig({
  input: { cli: 'dist/cli.js', 'chunks/produce-thread-main': 'dist/run/produce-thread-main.js' },
  platform: 'node',
  plugins: [
    {
      name: 'yoga-without-fetch',
      // Ink's layout would fetch its own code from a data: URL, for which Node has to load all of fetch: a third of the time the screen takes to open.
      transform: { filter: { id: /yoga-wasm/ }, handler: code => `const fetch = undefined\n${code}` },
    },
    {
      name: 'ink-draws-in-ci',
      // Whether somebody looks is decided by `--progress`; Ink would show nothing wherever CI is set.
      transform: { filter: { id: /is-in-ci/ }, handler: () => 'export default false' },
    },
  ],
  // Leaves React's development build out; it is as large as the rest of the screen.
  transform: { define: { 'process.env.NODE_ENV': '"production"' } },
  external: (id, from) =>
    isBuiltin(id) || LEFT_OUT.test(id) || (/^[^./#]/.test(id) && !BUNDLED.test(id) && !from?.includes('/node_modules/')),
  // Chunks lie as deep as the folders of src/, so relative URLs to schemas/ and package.json hold.
  output: { dir: 'dist', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
})
