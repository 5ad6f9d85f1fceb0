import { defineConfig } from 'rolldown'

/** Small packages that every command loads; YAML and the validator alone are a hundred files. */
const BUNDLED =
  /^(yaml|ajv|commander|fastest-levenshtein|fast-deep-equal|fast-uri|json-schema-traverse|ink|react|react-reconciler|scheduler|es-toolkit)(\/|$)/

/**
 * The command line as a few files instead of 400: it starts in half the time. Runs on what tsc made, in place; other
 * packages stay outside, so that drivers and the screen are still loaded only when they are needed.
 */
export default defineConfig({
  input: { cli: 'dist/cli.js', 'chunks/produce-thread-main': 'dist/run/produce-thread-main.js' },
  platform: 'node',
  external: id => /^[^./]/.test(id) && !BUNDLED.test(id),
  // Chunks lie as deep as the folders of src/, so relative URLs to schemas/ and package.json hold.
  output: { dir: 'dist', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
})
