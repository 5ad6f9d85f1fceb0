import type { Pipeline } from '../../../src/load/pipeline.js'
import type { EntitySpec, FieldSpec, PipelineSpec } from '../../../src/spec/model.js'

/** Specs as the loader would make them, for tests of what comes after it. */
export function pipelineSpec(entities: readonly EntitySpec[], more: Partial<PipelineSpec> = {}): PipelineSpec {
  return {
    name: 'p',
    sources: { src: { type: 'sqlite', path: 'source.db' } },
    target: { type: 'sqlite', path: 'target.db' },
    vars: {},
    maps: {},
    lookups: {},
    types: [],
    entities,
    hooks: { before: [], after: [] },
    checks: [],
    tests: [],
    consistency: 'report',
    verify: {
      level: 'none',
      sample: 10_000,
      allow: { emptyIsNull: false, charPad: false, zeroSign: false, floatUlp: 0 },
    },
    backup: { before: 'never', dir: 'backups', keep: 5, scope: 'touched' },
    quarantine: { keepRows: true },
    ledger: {},
    undo: true,
    onFailure: 'keep',
    engine: { shared: false, limits: {} },
    ...more,
  }
}

export function entity(name: string, more: Partial<EntitySpec> = {}): EntitySpec {
  return {
    name,
    from: { kind: 'table', source: 'src', table: { table: name.toUpperCase() } },
    to: { table: { table: name }, create: false },
    dependsOn: [],
    load: 'insert',
    orderBy: [],
    let: [],
    rest: 'ignore',
    types: [],
    defer: [],
    onError: 'quarantine',
    onErrorGiven: false,
    hooks: { before: [], after: [] },
    checks: [],
    path: ['entities', name],
    ...more,
    fields: (more.fields ?? []).map(f => ({ ...f, path: ['entities', name, 'fields', f.target] })),
  }
}

export function field(target: string, from: string | readonly string[], more: Partial<FieldSpec> = {}): FieldSpec {
  return {
    target,
    input: { kind: 'from', names: typeof from === 'string' ? [from] : from },
    apply: [],
    required: false,
    path: ['entities', '?', 'fields', target],
    ...more,
  }
}

/** A pipeline whose places are all line 1: tests of the plan compare paths. */
export function pipeline(spec: PipelineSpec, more: Partial<Pipeline> = {}): Pipeline {
  return {
    file: 'p.yaml',
    baseDir: '/',
    text: '',
    spec,
    warnings: [],
    secrets: [],
    files: {},
    locate: () => ({ line: 1, column: 1, length: 1 }),
    ...more,
  }
}
