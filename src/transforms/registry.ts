import type { TransformFunction } from '../core/transform.js'

/** Every transform function by name. */
export const functions: ReadonlyMap<string, TransformFunction> = new Map()
