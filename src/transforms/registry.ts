import type { TransformFunction } from '../core/transform.js'
import { base64Functions } from './functions/base64.js'
import { booleanFunctions } from './functions/boolean.js'
import { contactFunctions } from './functions/contact.js'
import { dateFunctions } from './functions/date.js'
import { dateMathFunctions } from './functions/date-math.js'
import { identityFunctions } from './functions/identity.js'
import { jsonFunctions } from './functions/json.js'
import { nameFunctions } from './functions/name.js'
import { nullFunctions } from './functions/null.js'
import { numberFunctions } from './functions/number.js'
import { numberShapeFunctions } from './functions/number-shape.js'
import { ownFunctions } from './functions/own.js'
import { textFunctions } from './functions/text.js'
import { textPatternFunctions } from './functions/text-patterns.js'

/** Every transform function by name, in the order of the reference. */
export const functions: ReadonlyMap<string, TransformFunction> = new Map(
  [
    ...textFunctions,
    ...textPatternFunctions,
    ...base64Functions,
    ...numberFunctions,
    ...numberShapeFunctions,
    ...dateFunctions,
    ...dateMathFunctions,
    ...booleanFunctions,
    ...nullFunctions,
    ...contactFunctions,
    ...nameFunctions,
    ...identityFunctions,
    ...jsonFunctions,
    ...ownFunctions,
  ].map(fn => [fn.name, fn]),
)
