import type { TProperties, TSchema } from 'typebox'
import type { Connector } from '../core/connector.js'
import { Type } from '../core/schema.js'
import type { JsonSchema } from './short-form.js'
import { taggedUnion } from './tagged-union.js'

function propertiesOf(connector: Connector, role: 'source' | 'target'): Connector['properties'] {
  return role === 'target' ? (connector.targetProperties ?? connector.properties) : connector.properties
}

/** The `sources.X` or `target` block: one branch a connector that can play the role. */
export function connection(connectors: readonly Connector[], role: 'source' | 'target', options: JsonSchema): TSchema {
  const branches = connectors
    .filter(connector => connector.roles.includes(role))
    .map(connector =>
      Type.Object(
        {
          type: Type.Literal(connector.name, {
            description: 'Which connector reads or writes it.',
            examples: [connector.name],
          }),
          ...(propertiesOf(connector, role) as TProperties),
        },
        { title: connector.name, description: connector.summary, additionalProperties: false },
      ),
    )
  return taggedUnion('type', branches, options)
}
