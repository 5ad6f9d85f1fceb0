import { Type } from '../core/schema.js'
import { mapping } from './short-form.js'

/** `engine`: what workers on several machines have to know. */
export function engine() {
  return Type.Object(
    {
      label: Type.Optional(
        Type.String({
          pattern: '^[a-z0-9][a-z0-9_-]*$',
          maxLength: 40,
          description:
            'Only workers that were started with this label take work of this pipeline: those that reach its databases ' +
            'and files. Default: workers without a label.',
          examples: ['oracle-net'],
        }),
      ),
      shared: Type.Optional(
        Type.Boolean({
          description:
            'Local files (CSV, JSON lines, SQLite) are the same for every worker, on a shared volume. Without it, or a ' +
            'label, a pipeline that reads or writes such files is refused by `--engine`.',
          default: false,
          examples: [true],
        }),
      ),
      limits: Type.Optional(
        mapping(Type.Integer({ minimum: 1, maximum: 1000, description: 'Chunks at a time.', examples: [4] }), {
          description:
            'At most so many chunks at a time that read a source, by its name; over all workers and all pipelines that read ' +
            'the same database. Default: no limit but the concurrency.',
          default: {},
          examples: [{ crm: 4 }],
        }),
      ),
    },
    {
      additionalProperties: false,
      description: 'How the work is handed to workers by `--engine`. Default: what each key says.',
      examples: [{ label: 'oracle-net', limits: { crm: 4 } }],
    },
  )
}
