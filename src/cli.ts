#!/usr/bin/env node
// Before anything loads React: its development build is slower and keeps every measurement it makes.
process.env.NODE_ENV = 'production'

// A terminal that is closed, or a reader that stops reading, must not end a run.
process.on('SIGHUP', () => undefined)
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

const { runCli } = await import('./commands/program.js')
const { stdin, stdout, stderr, env } = process
process.exitCode = await runCli(process.argv.slice(2), { stdin, stdout, stderr, env, cwd: process.cwd() })

export {}
