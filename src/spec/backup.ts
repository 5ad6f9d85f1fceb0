import type { TSchema } from 'typebox'
import { Type } from '../core/schema.js'
import { forms, oneWordOf } from './short-form.js'

/** What is saved before a run writes. */
export function backup(): TSchema {
  return forms(
    {
      description:
        'A backup of the target before each run writes, which `etl restore` puts back: a file only its owner can read, and a ' +
        'JSON file beside it with its SHA-256, the tables and their rows. `true` is all defaults, `false` never. Default: ' +
        'only the tables that `load: replace` empties, where they hold rows. `--no-backup` leaves it out once.',
      examples: [true, false, { dir: 'backups', keep: 5, scope: 'touched' }],
    },
    Type.Boolean(),
    Type.Object(
      {
        dir: Type.Optional(
          Type.String({
            minLength: 1,
            description: 'The folder for the files; a relative one starts at the folder of the pipeline file.',
            default: 'backups',
            examples: ['/srv/backups/crm'],
          }),
        ),
        keep: Type.Optional(
          Type.Integer({
            minimum: 1,
            description: 'How many backups of this pipeline stay; the oldest gives way when a new one is whole.',
            default: 5,
            examples: [30],
          }),
        ),
        scope: Type.Optional(
          oneWordOf(['touched', 'database'], {
            description:
              '`touched`: the rows of the tables that the run writes and of those that refer to them, as a table dump. ' +
              '`database`: all of it with its schema, by pg_dump, mariadb-dump or mysqldump of the version of the server; where ' +
              'there is none, the rows of all tables. An SQLite database is one file, and always saved whole. Tables that only ' +
              'hooks write are saved by `database` alone.',
            default: 'touched',
            examples: ['database'],
          }),
        ),
        encrypt: Type.Optional(
          Type.String({
            minLength: 8,
            description:
              'The key that encrypts the files (AES-256-GCM), from a variable. Default: they are not encrypted.',
            examples: ['${BACKUP_KEY}'],
          }),
        ),
      },
      { additionalProperties: false },
    ),
  )
}
