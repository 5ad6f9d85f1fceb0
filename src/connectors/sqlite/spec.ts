import { Type } from '../../core/schema.js'

/** How long a statement waits for another process's lock before `E307`, in milliseconds. */
export const DEFAULT_BUSY_TIMEOUT = 5000

export const properties = {
  path: Type.String({
    minLength: 1,
    description:
      'The database file, relative to the folder of the pipeline file. A source must exist; a target is created, with its folder, where it is missing.',
  }),
  busy_timeout: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 600_000,
      default: DEFAULT_BUSY_TIMEOUT,
      description: 'How long to wait, in milliseconds, while another program holds the lock of the file.',
    }),
  ),
}
