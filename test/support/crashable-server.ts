import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type GuardedOptions, type GuardedServer, guarded } from './server-process.js'

export interface CrashableServer extends GuardedServer {
  /** Kills the server as a crash would and waits until it is there again, with what it had; of several at a time there is one. */
  crash(): Promise<void>
}

/** A server that is started again where it ended while the file `again` is there. */
export async function crashable(
  options: Omit<GuardedOptions, 'script'> & { readonly stopSignal: 'KILL' | 'TERM' },
): Promise<CrashableServer> {
  const { root } = options.folder
  const server = await guarded({ ...options, script: scriptFor(options.stopSignal) })
  const once = async (): Promise<void> => {
    await writeFile(join(root, 'again'), '')
    const running = await readFile(join(root, 'server'), 'utf8')
    process.kill(Number(running), 'SIGKILL')
    while ((await readFile(join(root, 'server'), 'utf8')) === running) await sleep(10)
    await server.ready()
    await rm(join(root, 'again'))
  }
  let crashing: Promise<void> | undefined
  const crash = (): Promise<void> => {
    crashing ??= once().finally(() => {
      crashing = undefined
    })
    return crashing
  }
  return { ...server, crash }
}

function scriptFor(stopSignal: string): string {
  return `
cd "$ETL_ROOT"
(read -r line; rm -f again; kill -${stopSignal} $(cat server)) <&3 2>/dev/null &
reader=$!
while :; do
  "$@" </dev/null >>log 2>&1 3<&- &
  server=$!
  echo $server >server
  [ -e again ] || echo $server
  wait $server
  [ -e again ] || break
done
kill $reader 2>/dev/null
grep -i error log || tail -n 20 log
rm -rf "$ETL_ROOT"
`
}
