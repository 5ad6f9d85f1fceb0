import type { ErrorCode } from '../core/codes.js'
import type { Explanation } from './explanation.js'

const OTHER_DISK = 'Free space, or write to another disk: `backup: { dir: /mnt/backups }`'
const UNDO_ON = 'For later runs: remove `undo: false` from the file'

/** E53x and E54x: undo, backup and restore. E9xx: ours. */
export const AFTER_RUNS = {
  E536: {
    means: 'The run cannot be taken back, because what that needs was not recorded.',
    why: 'The file says `undo: false` or `ledger: false`, the run is older than the four whose records are kept, or the table has no key.',
    example: {
      what: 'run 7f3a9c12 did not record what taking it back needs',
      hint: 'restore a backup; runs record it unless the file says `undo: false`, and it is kept for four of them',
    },
    mend: ['Restore a backup: `etl restore backups/FILE`', UNDO_ON],
  },
  E537: {
    means: 'Rows that the run wrote were changed since, or other rows refer to them; undoing would destroy that.',
    why: 'Somebody has worked with the rows.',
    example: {
      what: '2 rows of run 7f3a9c12 cannot be taken back:\n  customers 17: changed since\n  customers 20: orders refers to it',
      hint: 'nothing was changed; leave them as they are and take back the rest: --skip-conflicts',
    },
    mend: ['See them all: `etl undo RUN --dry-run`', 'Take back the rest: `etl undo RUN --skip-conflicts`'],
  },
  E538: {
    means: 'A later run wrote to the same tables, so the earlier one cannot be taken back before it.',
    why: 'Runs are taken back in reverse order.',
    example: {
      what: 'run 91bd0e44 came after run 7f3a9c12 and wrote to customers too',
      hint: 'take that one back first: `etl undo 91bd0e44`',
    },
    mend: ['Take the later one back first: `etl undo LATER_RUN`', 'See the order: `etl runs`'],
  },
  E540: {
    means: 'No backup could be made, so nothing was written to the target.',
    why: 'The folder may not be written, the tool of the database (pg_dump, mysqldump) failed, the login may not read everything, or a row cannot be read.',
    example: {
      where: '/mnt/backups',
      what: 'the backup cannot be written to /mnt/backups (EACCES)',
      hint: 'nothing was written; check `backup.dir` and the rights of the folder',
    },
    mend: [
      'See tools, rights and space: `etl doctor pipeline.yaml`',
      OTHER_DISK,
      'Once without: `etl run --no-backup`',
    ],
  },
  E541: {
    means: 'The backup is not as it was written, so it is not put back. Nothing was touched.',
    why: 'The file or its JSON description was changed, cut off or damaged; their checksum says so.',
    example: {
      where: 'backups/crm.dump',
      what: 'backups/crm.dump is damaged: its checksum is another one',
      hint: 'nothing was touched; restore another backup',
    },
    mend: [
      'Bring both files back as they were written, from where they are kept twice.',
      'Or restore another backup: `ls backups`',
    ],
  },
  E542: {
    means: 'The backup is of another database than the target of the file. Nothing was touched.',
    why: 'The wrong backup, the wrong profile, or it is meant.',
    example: {
      where: 'postgres 16.3 localhost:5432/app',
      what: 'the backup is of postgres 16.3 db1:5432/crm, and the target is postgres 16.3 localhost:5432/app',
      hint: 'nothing was touched; where this is meant: --into-other-target',
    },
    mend: ['Where it is meant: `etl restore FILE --into-other-target`'],
  },
  E543: {
    means: 'The backup could not be put back.',
    why: 'The tool of the database is missing or too old, the tables have changed or are in use, or somebody writes at the same time. The message says whether anything was changed.',
    example: {
      where: 'postgres 16.3 localhost:5432/app',
      what: 'the rows cannot be put back: orders refers to a row that does not exist',
      hint: 'nothing was changed: it was one transaction',
    },
    mend: [
      'See the tools and their versions: `etl doctor pipeline.yaml`',
      'Keep others from writing, and restore again: `etl restore FILE`',
    ],
  },
  E544: {
    means: 'The backup is encrypted, and the key is missing or another one. Nothing was touched.',
    why: '`backup.encrypt` is not set, or its variable holds another key than when the backup was made.',
    example: {
      where: 'backups/crm.dump.enc',
      what: 'crm.dump.enc is encrypted, and there is no key',
      hint: 'nothing was touched; set `backup.encrypt` to the key that the backup was made with',
    },
    mend: ['Give the key of then: `backup: { encrypt: "${BACKUP_KEY}" }`. Without it nobody can read the backup.'],
  },
  E545: {
    means: 'There is not enough room on the disk. Nothing was written to the target.',
    why: 'The backup may take more than is free in its folder.',
    example: {
      where: '/mnt/backups',
      what: '/mnt/backups has 120 MB free, and the backup may take 800 MB',
      hint: 'nothing was written; free space, set `backup.dir` to another disk, or go on with --no-backup',
    },
    mend: [OTHER_DISK, 'Save less: `backup: { scope: touched }`', 'Once without: `etl run --no-backup`'],
  },
  E547: {
    means: 'The pipeline cannot be rehearsed on a sample. Nothing was written.',
    why: 'Its target has no scratch beside it (files, Oracle), its tables are in several schemas, or rows cannot be chosen by the key that an entity has.',
    example: {
      what: 'app.orders is in another schema than public, and a scratch has the tables of one',
      hint: "name `schema: app` in the target's block where all its tables are there",
    },
    mend: [
      'Rehearse with another target: `profiles: { rehearsal: { target: { type: sqlite, path: rehearsal.sqlite } } }`',
      'Name a key that is text or a number: `key: [ORDER_ID]`',
    ],
  },
  E901: {
    means: 'A bug in etl. It is not your pipeline.',
    why: 'The program met a state that its authors held for impossible. It stopped rather than guess; what was not committed is rolled back.',
    example: {
      what: 'TypeError: x is not a function',
      hint: 'this is a bug in etl, not in your pipeline; please run again with --verbose and report it with this output (etl 0.1.0, Node v20.20.0)',
    },
    mend: [
      'Report it with the output of the same command and `--verbose`; it holds no values of rows.',
      'What is committed stays; a run goes on: `etl run --resume`',
    ],
  },
} as const satisfies Partial<Record<ErrorCode, Explanation>>
