import { RowError } from '../../core/errors.js'
import { Type } from '../../core/schema.js'
import { defineFunction } from '../../core/transform.js'
import { guardOwn, timeoutOf } from '../own/call-own.js'
import { ownFunction, shownOwn } from '../own/registry.js'

const module = defineFunction({
  name: 'module',
  family: 'own',
  summary: 'A function of your own, from a module in the folder of the pipeline; needs `--allow-code`.',
  params: {
    function: Type.String({
      description:
        'The module, from the folder of the pipeline file, and the name that it exports: `./functions.mjs#plate`',
      minLength: 1,
    }),
  },
  short: 'function',
  values: { min: 1, max: Number.POSITIVE_INFINITY },
  pure: params => ownFunction(String(params.function))?.pure !== false,
  endsAfter: params => {
    const fn = ownFunction(String(params.function))
    return fn === undefined ? undefined : timeoutOf(fn)
  },
  nullIn: 'call',
  examples: [{ in: 'ab 12', params: { function: './functions.mjs#plate' }, out: 'AB12', note: 'as the module says' }],
  prepare: ({ function: key }) => {
    const fn = ownFunction(key)
    if (fn !== undefined) return guardOwn(shownOwn(key), fn)
    return () => {
      throw new RowError('E413', `${shownOwn(key)} was not loaded`)
    }
  },
})

export const ownFunctions = [module] as const
