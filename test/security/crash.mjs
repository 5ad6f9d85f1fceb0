// Loaded into the program: ends it in the way that CRASH names once the run has begun, with all that hangs on an error of a driver.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const { CRASH, CANARIES } = process.env

function error() {
  const config = { password: CANARIES, connectionString: CANARIES }
  const cause = Object.assign(new Error(`Duplicate entry '${CANARIES}'`), {
    sql: `insert into t values ('${CANARIES}')`,
  })
  return Object.assign(new Error(`cannot go on with ${CANARIES}\n    at ${CANARIES} (file:1:1)`, { cause }), {
    detail: `Key (name)=(${CANARIES}) already exists.`,
    client: { config },
  })
}

const open = fs.createWriteStream
fs.createWriteStream = (path, ...rest) => {
  if (String(path).endsWith('events.ndjson'))
    setImmediate(() => {
      if (CRASH === 'throw') throw error()
      if (CRASH === 'reject') void Promise.reject(error())
      if (CRASH === 'value') throw { row: CANARIES }
      if (CRASH === 'signal') process.kill(process.pid, 'SIGUSR2')
      if (CRASH === 'abort') process.abort()
    })
  return open(path, ...rest)
}
syncBuiltinESMExports()
