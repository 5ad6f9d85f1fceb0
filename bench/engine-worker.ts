import { setTimeout as sleep } from 'node:timers/promises'
import { openEngine } from '../src/engine/open.js'

/** `node engine-worker.js URL SLOTS MILLISECONDS`: a worker whose chunks only wait. Says `ready`; ends with SIGTERM. */
const [url = '', slots = '1', milliseconds = '200'] = process.argv.slice(2)
const engine = await openEngine(url, { applicationName: 'etl bench worker', serves: Number(slots) })
const chunk = async (): Promise<object> => {
  await sleep(Number(milliseconds))
  return { read: 1000, written: 1000 }
}
const served = await engine.serve({ chunk }, { concurrency: { run: 0, chunk: Number(slots) } })
process.once('SIGTERM', async () => {
  await served.drain()
  await engine.close()
})
console.log('ready')
