import type { TObject, TSchema } from 'typebox'
import { Type } from '../core/schema.js'
import type { JsonSchema } from './short-form.js'

/**
 * Objects told apart by one key with a fixed word each. `discriminator` lets the validator look only at the branch that
 * is meant, so a typo inside it gives one error instead of one per branch.
 */
export function taggedUnion(tag: string, branches: readonly TObject[], options: JsonSchema): TSchema {
  return Type.Unsafe<unknown>({
    ...options,
    type: 'object',
    required: [tag],
    discriminator: { propertyName: tag },
    oneOf: branches,
  })
}
