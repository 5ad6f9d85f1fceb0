import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { commandsFor } from '../../../src/commands/registry.js'
import { reachOf } from '../../../src/commands/worker.js'
import { queueName } from '../../../src/engine/pg-boss/queues.js'
import { restateAddress } from '../../../src/engine/restate/address.js'
import { loadPipeline } from '../../../src/load/load.js'

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly [key: string]: unknown
}

function manifests(name: string): Manifest[] {
  const text = readFileSync(join('examples/kubernetes', name), 'utf8')
  return parseAllDocuments(text).map(document => {
    expect(document.errors).toEqual([])
    return document.toJS() as Manifest
  })
}

/** What stands at a path of keys, which must all be there. */
function at(manifest: Manifest | undefined, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((value, key) => {
    const found = (value as Record<string | number, unknown> | undefined)?.[key]
    if (found === undefined) throw new Error(`${manifest?.kind} has no ${path.join('.')}`)
    return found
  }, manifest)
}

const [deployment, files, secret] = manifests('workers.yaml')
const [nightly] = manifests('nightly.yaml')
const [scaler] = manifests('autoscale.yaml')
const [restateScaler] = manifests('autoscale-restate.yaml')
const [restate, engine, called] = manifests('restate.yaml')
const worker = ['spec', 'template', 'spec'] as const
const submit = ['spec', 'jobTemplate', 'spec', 'template', 'spec'] as const

test('the manifests are of the kinds and versions that a cluster knows', () => {
  expect(
    [deployment, files, secret, nightly, scaler, restateScaler].map(each => [each?.apiVersion, each?.kind]),
  ).toEqual([
    ['apps/v1', 'Deployment'],
    ['v1', 'ConfigMap'],
    ['v1', 'Secret'],
    ['batch/v1', 'CronJob'],
    ['keda.sh/v1alpha1', 'ScaledObject'],
    ['keda.sh/v1alpha1', 'ScaledObject'],
  ])
  expect(at(deployment, 'spec', 'selector', 'matchLabels')).toEqual(
    at(deployment, 'spec', 'template', 'metadata', 'labels'),
  )
  for (const each of [scaler, restateScaler])
    expect(at(each, 'spec', 'scaleTargetRef', 'name')).toBe(deployment?.metadata.name)
})

test('a Restate is found where its Service is, and finds the workers of the Deployment', async () => {
  expect([restate, engine, called].map(each => [each?.apiVersion, each?.kind, each?.metadata.name])).toEqual([
    ['apps/v1', 'StatefulSet', 'restate'],
    ['v1', 'Service', 'restate'],
    ['v1', 'Service', 'etl-workers'],
  ])
  expect(at(engine, 'spec', 'selector')).toEqual(at(restate, 'spec', 'template', 'metadata', 'labels'))
  expect(at(called, 'spec', 'selector')).toEqual(at(deployment, 'spec', 'template', 'metadata', 'labels'))
  const { ingress, admin } = restateAddress('restate://restate:8080')
  const ports = at(engine, 'spec', 'ports') as readonly { port: number }[]
  expect(ports.map(({ port }) => `http://restate:${port}`)).toEqual([ingress, admin])
  const [{ targetPort }] = at(called, 'spec', 'ports') as [{ targetPort: number }]
  expect(reachOf({}, 'pod').port).toBe(targetPort)
})

test.each([
  ['workers', deployment, worker],
  ['whoever submits', nightly, submit],
])('%s are given the files and the addresses that are there', (_, manifest, place) => {
  expect(at(manifest, ...place, 'containers', 0, 'envFrom', 0, 'secretRef', 'name')).toBe(secret?.metadata.name)
  expect(at(manifest, ...place, 'volumes', 0, 'configMap', 'name')).toBe(files?.metadata.name)
  const mount = at(manifest, ...place, 'containers', 0, 'volumeMounts', 0) as { mountPath: string; subPath: string }
  expect(mount.mountPath).toBe(`${at(manifest, ...place, 'containers', 0, 'workingDir')}/${mount.subPath}`)
  expect(Object.keys(at(files, 'data') as object)).toEqual([mount.subPath])
})

test.each([
  ['workers', at(deployment, ...worker, 'containers', 0, 'command')],
  ['whoever submits', at(nightly, ...submit, 'containers', 0, 'command')],
])('the command of %s is one that the program knows', async (_, given) => {
  const [program, name, ...args] = given as string[]
  expect(program).toBe('etl')
  const [command] = await commandsFor(name)
  const parser = new Command(name).exitOverride()
  const io = { env: {}, cwd: '.', stdin: process.stdin, stdout: process.stdout, stderr: process.stderr }
  command?.configure(parser, io, () => undefined)
  let ran = false
  parser.action(() => {
    ran = true
  })
  await parser.parseAsync(args, { from: 'user' })
  expect(ran).toBe(true)
})

test('probes ask the port that --health answers on', () => {
  const container = [...worker, 'containers', 0] as const
  const command = at(deployment, ...container, 'command') as string[]
  const port = at(deployment, ...container, 'ports', 0) as { name: string; containerPort: number }
  expect(command[command.indexOf('--health') + 1]).toBe(`:${port.containerPort}`)
  expect(at(deployment, ...container, 'livenessProbe', 'httpGet')).toEqual({ path: '/healthz', port: port.name })
  expect(at(deployment, ...container, 'readinessProbe', 'httpGet')).toEqual({ path: '/readyz', port: port.name })
})

test('the pipeline is valid with the variables of the secret', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'etl-kubernetes-'))
  try {
    writeFileSync(join(folder, 'crm.yaml'), String(at(files, 'data', 'crm.yaml')))
    const pipeline = await loadPipeline(join(folder, 'crm.yaml'), {
      env: at(secret, 'stringData') as Record<string, string>,
    })
    expect(pipeline.warnings).toEqual([])
    expect(pipeline.spec.engine).toEqual({ shared: false, limits: { crm: 8 } })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('the scaler counts the queues that there are', () => {
  const query = String(at(scaler, 'spec', 'triggers', 0, 'metadata', 'query'))
  for (const kind of ['chunk', 'run'] as const) expect(query).toContain(`'${queueName(kind, undefined)}'`)
  expect(Object.keys(at(secret, 'stringData') as object)).toContain(
    at(scaler, 'spec', 'triggers', 0, 'metadata', 'connectionFromEnv'),
  )
})
