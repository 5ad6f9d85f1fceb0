/** Flags that decide which part of the pipeline is planned. */
export interface SelectionOptions {
  readonly entity?: readonly string[]
  readonly exclude?: readonly string[]
  readonly batchSize?: number
}

export function selectionOf(options: SelectionOptions): {
  readonly entities?: readonly string[]
  readonly exclude?: readonly string[]
  readonly batchSize?: number
} {
  return {
    ...(options.entity === undefined ? {} : { entities: options.entity }),
    ...(options.exclude === undefined ? {} : { exclude: options.exclude }),
    ...(options.batchSize === undefined ? {} : { batchSize: options.batchSize }),
  }
}
