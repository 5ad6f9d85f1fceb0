#!/usr/bin/env node
import { stat } from 'node:fs'

// Before anything loads React: its development build is slower and keeps every measurement it makes.
process.env.NODE_ENV = 'production'

// What the program makes is its user's alone, also what a driver or a tool makes for it.
process.umask(0o077)

// A terminal that is closed, a reader that stops reading or a limit of file sizes must not end a run: a write that fails tells.
for (const signal of ['SIGHUP', 'SIGXFSZ'] as const) process.on(signal, () => undefined)
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

// glibc before 2.41 can lose the wake-up of a thread (bug 25847), and a read of a file then waits for ever: the next look wakes one.
setInterval(() => stat('.', () => undefined), 1000).unref()

const { tellCrashes } = await import('./commands/crash.js')
tellCrashes()
const { runCli } = await import('./commands/program.js')
const { stdin, stdout, stderr, env } = process
// Faults that tests order; see CONTRIBUTING.md.
if (env.ETL_FAILPOINTS) (await import('./core/failpoint.js')).armFailpoints(env.ETL_FAILPOINTS)
process.exitCode = await runCli(process.argv.slice(2), { stdin, stdout, stderr, env, cwd: process.cwd() })
