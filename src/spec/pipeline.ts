import type { TProperties, TSchema } from 'typebox'
import type { Connector } from '../core/connector.js'
import { Type } from '../core/schema.js'
import type { TransformFunction } from '../core/transform.js'
import { applyStep } from './apply.js'
import { backup } from './backup.js'
import { checks } from './check.js'
import { connection } from './connection.js'
import { engine } from './engine.js'
import { defaults, entity, maxErrors } from './entity.js'
import { field } from './field.js'
import { hooks } from './hooks.js'
import { mappingTests } from './mapping-test.js'
import type { JsonSchema } from './short-form.js'
import { forms, mapping, nameOrNames, oneWordOf, scalar } from './short-form.js'
import { typeRules } from './type-rules.js'
import { undo } from './undo.js'
import { verification } from './verify.js'

export interface LanguageParts {
  readonly connectors: readonly Connector[]
  readonly functions: readonly TransformFunction[]
}

const NAME = '^[A-Za-z_][A-Za-z0-9_-]*$'

/** The whole language as one schema, made of what the registries hold. */
export function pipeline(parts: LanguageParts): TSchema {
  const shared = {
    sources: Type.Optional(
      named(connection(parts.connectors, 'source', { description: 'A database or file to read.' }), {
        description: 'What is read, by name. Without it entities can read only `rows` and the target.',
        examples: [],
      }),
    ),
    vars: Type.Optional(
      named(scalar({ description: 'A constant.', examples: ['US'] }), {
        description: 'Constants for expressions: `{ var: $vars.region }`. `--var` overrides them.',
        default: {},
        examples: [{ region: 'US' }],
      }),
    ),
    maps: Type.Optional(
      named(
        forms(
          {
            description:
              'Codes with their values, or the path of a CSV file: first column the code, second the value; ' +
              'every line counts, so a header is just one more code.',
            examples: [{ A: 'available', I: 'in_use' }, 'maps/country.csv'],
          },
          Type.String({ minLength: 1 }),
          mapping(scalar({ description: 'What the code becomes.' }), { minProperties: 1 }),
        ),
        {
          description:
            'Value maps, by name: codes with their values, or the path of a CSV file below the folder of the pipeline ' +
            '(first column the code, second the value, no header).',
          default: {},
          examples: [{ coil_status: { A: 'available' } }, { country: 'maps/country.csv' }],
        },
      ),
    ),
    lookups: Type.Optional(
      named(lookup(), {
        description: 'Look-ups in tables, by name.',
        default: {},
        examples: [{ region_name: { in: 'abis', table: 'AB_REGION', key: 'CD', value: 'NAME' } }],
      }),
    ),
    defaults: Type.Optional(defaults()),
    hooks: Type.Optional(hooks('the run')),
    consistency: Type.Optional(
      oneWordOf(['report', 'strict'], {
        description:
          '`strict` refuses to resume where the source may have changed since; `report` says so and goes on.',
        default: 'report',
        examples: ['strict'],
      }),
    ),
    verify: Type.Optional(verification()),
    ...undo(),
    quarantine: Type.Optional(
      Type.Object(
        {
          keep_rows: Type.Optional(
            Type.Boolean({
              description:
                "Whether rejected rows are kept with their values, in the run's folder, readable by the owner only. " +
                'Without them a retry reads the source.',
              default: true,
              examples: [false],
            }),
          ),
          max_errors: Type.Optional(maxErrors('all entities together', 'no limit')),
        },
        {
          additionalProperties: false,
          description: 'What becomes of rejected rows. Default: what each key says.',
          examples: [{ keep_rows: false, max_errors: 1000 }],
        },
      ),
    ),
    backup: Type.Optional(backup()),
    engine: Type.Optional(engine()),
    ledger: Type.Optional(
      forms(
        {
          description:
            'The tables in the target that make a run exactly once; `false` switches that off (at least once). ' +
            "Default: on, in the target's default schema.",
          examples: [false, { schema: 'etl' }],
        },
        Type.Boolean(),
        Type.Object(
          {
            schema: Type.Optional(
              Type.String({
                minLength: 1,
                description: "Where the tables live. Default: the target's default schema.",
                examples: ['etl'],
              }),
            ),
          },
          { additionalProperties: false },
        ),
      ),
    ),
  } satisfies TProperties
  const target = connection(parts.connectors, 'target', { description: 'What is written; exactly one.' })
  const entities = { description: 'What is loaded, by name, in this order unless dependencies want another.' }
  return Type.Object(
    {
      version: Type.Literal(1, { description: 'The version of this language.', examples: [1] }),
      name: Type.String({
        pattern: '^[a-z][a-z0-9_-]*$',
        maxLength: 60,
        description: 'Names the state folder and the rows of the ledger.',
        examples: ['crm-to-warehouse'],
      }),
      description: Type.Optional(
        Type.String({ description: 'For people. Default: none.', examples: ['Coil tracking, Oracle to PostgreSQL'] }),
      ),
      ...shared,
      types: Type.Optional(typeRules('of any entity')),
      checks: Type.Optional(checks('pipeline')),
      tests: Type.Optional(mappingTests()),
      target,
      profiles: Type.Optional(
        named(profile(shared), {
          description:
            '`--profile NAME` merges one over the file: deep, but a block whose `type` differs is replaced. Default: none.',
          examples: [{ rehearsal: { vars: { region: 'EU' } } }],
        }),
      ),
      entities: named(entity(field(applyStep(parts.functions))), { ...entities, minProperties: 1, examples: [] }),
    },
    { additionalProperties: false, title: 'Pipeline', description: 'A pipeline file.' },
  )
}

function named(value: TSchema, options: JsonSchema): TSchema {
  return mapping(value, { propertyNames: { pattern: NAME, maxLength: 60 }, ...options })
}

function lookup(): TSchema {
  return Type.Object(
    {
      in: Type.Optional(
        Type.String({
          minLength: 1,
          description: 'A name of `sources`, or `target`. Default: the only source there is.',
          examples: ['abis'],
        }),
      ),
      table: Type.String({
        minLength: 1,
        description: 'The table, `table` or `schema.table`.',
        examples: ['AB_REGION'],
      }),
      key: nameOrNames({ description: 'Column or columns that hold the key.', examples: ['CD', ['CD', 'LANG']] }),
      value: nameOrNames({
        description: 'Column that holds the value; several give a JSON object.',
        examples: ['NAME'],
      }),
    },
    { additionalProperties: false, description: 'A table that turns a key into a value.' },
  )
}

/** Parts that are no blocks, or need not be. */
const SCALAR_PARTS: Readonly<Record<string, JsonSchema>> = {
  consistency: { type: 'string', examples: ['strict'] },
  ledger: { type: ['boolean', 'object'], examples: [false] },
  undo: { type: 'boolean', examples: [false] },
  on_failure: { type: 'string', examples: ['undo'] },
  backup: { type: ['boolean', 'object'], examples: [false] },
  verify: { type: ['string', 'object'], examples: ['full'] },
}

/** What a profile may hold. Its values are checked where they end up: in the merged file. */
function profile(shared: TProperties): TSchema {
  const part = (name: string) =>
    Type.Optional(
      Type.Unsafe<unknown>({
        type: 'object',
        description: `Merged over \`${name}\`. Default: \`${name}\` stays as it is.`,
        ...SCALAR_PARTS[name],
      }),
    )
  return Type.Object(
    Object.fromEntries([...Object.keys(shared), 'target', 'entities'].map(name => [name, part(name)])),
    { additionalProperties: false, description: 'What differs under this profile.' },
  )
}
