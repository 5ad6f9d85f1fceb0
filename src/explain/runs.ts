import type { ErrorCode } from '../core/codes.js'
import type { Explanation } from './explanation.js'

const RESUME = 'Go on: `etl run --resume`'
const RESTART = 'Or begin anew; what the run has loaded stays: `etl run --restart`'
const REPORT = 'keep the folder of the run (`.etl/…/runs/RUN`) and report it with the output of `--verbose`.'

/** E50x to E52x: a run as a whole. */
export const RUNS = {
  E501: {
    means: 'More rows failed than the file allows, so the run stopped. What is committed stays.',
    why: '`max_errors` of the entity or `quarantine.max_errors` is a brake: so many failures mostly mean that the mapping is wrong, not the rows.',
    example: {
      where: 'orders',
      what: '101 rows failed; max_errors is 100',
      hint: 'look at the quarantine file, mend the mapping or raise max_errors, then go on with `etl run … --resume`',
    },
    mend: [
      'See the causes, the most frequent first: `etl quarantine`',
      'Mend the file, then go on: `etl run --resume --accept-changes`',
      'Where `on_failure: undo` has taken the run back, begin anew: `etl run`',
    ],
  },
  E502: {
    means: 'A row failed, and the file says that one failure ends the entity. Its batch was rolled back.',
    why: 'The field or the entity says `fail` (`on_error: fail`, `unmapped: fail`, …), or nothing and `fail` is the default there.',
    example: {
      where: 'orders',
      what: 'E402 total: the text is not a number, decimal(12,2) needs one',
      hint: 'the row is in .etl/crm/runs/7f3a9c12/quarantine/orders.ndjson; mend it and go on with `etl run … --resume`, or set `on_invalid: quarantine` in total and add --accept-changes',
    },
    mend: [
      'The code in the message says what is wrong with the row: `etl explain E402`',
      'Mend the row in the source, then: `etl run --resume`',
      'Or put such rows aside: `on_error: quarantine` of the entity, then `etl run --resume --accept-changes`',
    ],
  },
  E503: {
    means: 'This pipeline is being run on this target by another process.',
    why: 'A second run would load rows twice, so there is a lock. It may be a colleague, a scheduler, or a process of yours that still ends.',
    example: {
      where: 'target',
      what: 'crm is being run on postgres 16.3 localhost:5432/app by etl@host-a, process 4711 (run 7f3a9c12)',
      hint: 'wait until it has ended, or stop it; a second run of the same pipeline would load rows twice. Where its process is dead: `etl run … --take-over`',
    },
    mend: ['Wait until it has ended, or stop it.', 'Where its process is dead: `etl run --take-over`'],
  },
  E504: {
    means: 'The last run of this pipeline did not finish, so it is not clear what you want.',
    why: 'It was interrupted or failed. Beginning anew without a word could hide that.',
    example: {
      what: 'run 7f3a9c12 of crm is not finished',
      hint: 'go on with it: `etl run … --resume`; or begin anew: `--restart`',
    },
    mend: [RESUME, RESTART, 'What became of it: `etl runs`'],
  },
  E505: {
    means: 'There is nothing to go on with.',
    why: 'The last run is finished, there was none, or this is another target than that of the run.',
    example: { what: 'crm has no run to resume', hint: 'begin one: `etl run …`' },
    mend: ['Begin one: `etl run`', 'What runs there are: `etl runs`'],
  },
  E506: {
    means: 'The pipeline, a table or the place to go on from is not what it was when the run began.',
    why: 'The file was edited, a column was added or changed, or the source cannot show its state of then. Rows before and after could come from different mappings.',
    example: {
      what: 'the pipeline or a schema changed since run 7f3a9c12 began:\n  entities.orders.fields.total: changed',
      hint: 'undo the change, or go on with it: `etl run … --resume --accept-changes` (rows loaded before keep the old mapping)',
    },
    mend: [
      'Undo the change, then: `etl run --resume`',
      'Or go on with it: `etl run --resume --accept-changes`. The change is written to the audit.',
      RESTART,
    ],
  },
  E507: {
    means: 'The checkpoint on disk is ahead of the ledger in the target, so batches are missing there.',
    why: 'The target was put back to an older state (a restore, a failover to a late standby), or a file of the target was replaced.',
    example: {
      where: 'orders',
      what: "the checkpoint has batch 41 of orders, the target's ledger only 39",
    },
    mend: [
      'Connect to the target that the run wrote to.',
      'Where it was restored on purpose, begin anew: `etl run --restart`',
    ],
  },
  E508: {
    means: 'The target knows no such run.',
    why: 'The id is mistyped, the run belongs to another pipeline or target, or its records were removed.',
    example: { what: 'crm has no run 7f3a9c12 in this target' },
    mend: ['See the runs: `etl runs`'],
  },
  E509: {
    means: 'The checkpoint in the folder of the pipeline is of another run or of another target.',
    why: 'The file points to another database than at the time, or the folder was copied.',
    example: {
      what: "the checkpoint is of run 7f3a9c12, the ledger's unfinished run is 91bd0e44",
      hint: 'remove the checkpoint file to go by the ledger',
    },
    mend: [
      'Connect to the target of that run.',
      'Or go by the ledger of this target alone: remove the checkpoint file that the message names.',
    ],
  },
  E510: {
    means: 'Another process has taken this run over. This one has stopped and has written nothing since.',
    why: 'Somebody ran `etl run --take-over`, because this process was not heard of for a while.',
    example: {
      what: 'run 7f3a9c12 was taken over by another process; this one stops and has written nothing since',
      hint: 'when that process has ended, go on with `etl run --resume`',
    },
    mend: ['Let the other one finish. Where it does not: `etl run --resume`'],
  },
  E511: {
    means: 'Rows read and rows accounted for differ. The batch was rolled back: nothing is lost unseen.',
    why: 'A trigger or rule of the target swallows rows, somebody wrote the same rows at the same time, or a bug in etl.',
    example: { where: 'orders', what: '3 rows of batch 12 are unaccounted for; it was rolled back' },
    mend: ['Look for triggers and rules on the table.', RESUME, `Where it comes again, it is a bug: ${REPORT}`],
  },
  E512: {
    means: '`--take-over` is refused, because nothing proves that the owner of the run is dead.',
    why: 'It was heard of a short while ago, or it runs on another host.',
    example: {
      what: 'run 7f3a9c12 is not taken over: etl@host-a, process 4711, was heard of 4 s ago',
      hint: 'stop that process; it counts as dead when it is not heard of for 60 s, or when its host has it no more',
    },
    mend: ['Stop that process, wait the time that the message names, and try again: `etl run --take-over`'],
  },
  E513: {
    means: 'A file of the run cannot be written: its state, the quarantine, a log, or the database’s own.',
    why: 'The disk is full, or the folder may not be written.',
    example: {
      where: 'target.sqlite',
      what: 'the disk is full, target.sqlite cannot grow',
      hint: 'free space, then run again with --resume',
    },
    mend: [
      'See what is free and what may be written: `etl doctor pipeline.yaml`',
      'Make room or give the rights. What is committed stays.',
      RESUME,
    ],
  },
  E514: {
    means: 'The command would change or remove what is there, and nobody has agreed.',
    why: 'It was answered with no, or there is no terminal to ask at and `--yes` was not given.',
    example: {
      what: 'the run empties customers, which holds 120,000 rows',
      hint: 'add --yes where this is meant; --dry-run shows what would happen',
    },
    mend: ['Look first: `etl run --dry-run`', 'Agree beforehand: `etl run --yes`'],
  },
  E515: {
    means: 'You, or the system, asked the work to stop. What is committed stays.',
    why: 'A ctrl-C, the key `q`, or a SIGTERM.',
    example: { what: 'stopped before the run began; nothing was written' },
    mend: [RESUME, 'An undo goes on by itself: `etl undo RUN`'],
  },
  E516: {
    means: 'The SQL of a hook failed.',
    why: 'An error in the SQL, a missing right, or a state that the hook did not expect.',
    example: {
      where: 'orders, before 1',
      what: 'relation "staging" does not exist',
      hint: 'mend the SQL of the hook, then go on with `etl run … --resume`',
    },
    mend: ['Mend the SQL under `hooks`.', RESUME],
  },
  E517: {
    means: 'The lock of the run was lost, and another process holds it now. This one stopped.',
    why: 'The connection with the lock broke (network, restart of the server), and somebody began or took over the run before it was back.',
    example: {
      what: 'the connection that held the lock was lost, and another process has the lock now',
      hint: 'when that process has ended, go on with `etl run --resume`',
    },
    mend: ['When the other process has ended: `etl run --resume`'],
  },
  E518: {
    means: 'Two source rows have the same key, so one could be taken for the other.',
    why: 'The columns under `key` do not identify a row.',
    example: {
      where: 'orders',
      what: 'two rows have the same key (ORDER_NO)',
      hint: 'name columns under `key:` that identify a row',
    },
    mend: [
      'Count them: `etl check`',
      'Add a column: `key: [ORDER_NO, LINE_NO]`',
      'What looks unique: `etl inspect crm`',
    ],
  },
  E519: {
    means: 'A key of a look-up stands for several values, so the answer would be chance.',
    why: 'The table that is looked up has the key more than once. While nothing keeps it unique, `plan` warns.',
    example: {
      where: 'look-up regions',
      what: 'REGION has several values for 2 of CD',
      hint: 'keep one row a key there, or look up in a view that does; then go on with `etl run … --resume`',
    },
    mend: ['Count them: `etl check`', 'Look up in a view with one row a key.'],
  },
  E520: {
    means: 'The command line does not fit together.',
    why: 'An unknown option, a missing argument, two options that exclude each other, a file that is not there.',
    example: { what: "unknown command 'rnu'", hint: 'did you mean run?' },
    mend: ['See the options and examples of a command: `etl help run`'],
  },
  E521: {
    means: 'The state of the source that the run reads (its snapshot) cannot be had any more.',
    why: 'The connection that held it broke, or the source keeps old row versions only for a while (Oracle: ORA-01555).',
    example: {
      where: 'source crm',
      what: "the source's snapshot is gone: the connection that held it was lost",
      hint: 'go on in a new snapshot: `etl run … --resume`; or read everything in one: `etl run … --restart`',
    },
    mend: ['Go on in a new snapshot: `etl run --resume`', 'Or read everything in one: `etl run --restart`'],
  },
  E522: {
    means: 'A source changed while it was read: its columns, its rows, or the file.',
    why: 'Somebody writes to it at the same time, or a table was altered.',
    example: {
      where: 'exports/orders.csv',
      what: 'exports/orders.csv changed while it was read',
      hint: 'let nothing write to the file meanwhile, then begin anew: `etl run … --restart`',
    },
    mend: ['Let nothing else write there meanwhile, then: `etl run --resume`', 'Or begin anew: `etl run --restart`'],
  },
  E523: {
    means: 'A file cannot be read as what it is said to be.',
    why: 'No columns, a header with a name twice, a damaged gzip file, a line without end (mostly a quote that is never closed).',
    example: {
      where: 'exports/orders.csv',
      what: 'exports/orders.csv: a record is longer than 134217728 bytes (row 812, byte 90412)',
      hint: 'raise `max_record` of the source',
    },
    mend: [
      'Look at the place that the message names.',
      'Name the columns of a file without header: `columns: [id, name]` of the source',
    ],
  },
  E524: {
    means: 'A file that the run would make exists already.',
    why: 'It is from an earlier run, or of somebody else.',
    example: {
      at: 'pipeline.yaml:19:5',
      what: 'customers.csv exists already: csv exports',
      hint: 'move the file away, write to another folder, or say `load: replace`',
    },
    mend: ['Move it away, or replace it: `load: replace` of the entity'],
  },
  E525: {
    means: 'The run was taken back, so nothing of it is there to go on with, to verify or to undo.',
    why: 'Somebody ran `etl undo RUN`, or the file says `on_failure: undo`.',
    example: { what: 'run 7f3a9c12 of crm was taken back already' },
    mend: ['Begin a new one: `etl run`', 'An undo that was stopped goes on: `etl undo RUN`'],
  },
  E526: {
    means: 'A check of the file failed. Before a run: nothing was written. After it: the rows are in the target.',
    why: 'The data is not as `checks` says.',
    example: {
      what: 'a check failed: orders: no_orphans',
      hint: 'mend the data, or go on in spite of it: `etl run … --force`',
    },
    mend: [
      'See which rows: `etl check`, after a run `etl check --after`',
      'Mend them. Checks of severity `error` can be passed over once: `etl run --force`',
    ],
  },
  E527: {
    means: 'The verification found rows in the target that are not as the source and the mapping say.',
    why: 'Somebody changed rows, a trigger or default of the target did, or the source changed since.',
    example: {
      what: 'the verification found differences in orders',
      hint: 'see them with `etl verify`; take the run back, or mend the cause and load again',
    },
    mend: ['See them: `etl verify`', 'Follow one row: `etl trace orders KEY`', 'Take the run back: `etl undo RUN`'],
  },
  E528: {
    means: 'The plan that was saved does not fit any more: the pipeline or a schema is another one now.',
    why: 'Somebody changed one of them between `etl plan -o FILE` and `etl run --plan FILE`.',
    example: {
      what: 'the pipeline or a schema changed since the plan was made:\n  entities.orders.fields.total: changed',
      hint: 'undo the change, or plan again with `etl plan … -o FILE` and look at what it says now',
    },
    mend: ['Plan again, read it, and run that: `etl plan -o plan.json`, `etl run --plan plan.json`'],
  },
  E529: {
    means: 'All rows of the first batch are in the target already, so the pipeline was probably run before.',
    why: '`load: insert` only adds rows. The run stops at once instead of rejecting every row.',
    example: {
      where: 'customers',
      what: 'public.customers has all 1000 rows of the first batch already',
      hint: 'set `load: ignore` to keep what is there, or `load: upsert` to bring it up to date, and go on with `etl run … --resume --accept-changes`; with `on_error: quarantine` in the file each such row is put aside',
    },
    mend: [
      'Keep what is there: `load: ignore`. Bring it up to date: `load: upsert`. Then: `etl run --resume --accept-changes`',
      'Or take the earlier run back first: `etl undo last`',
    ],
  },
} as const satisfies Partial<Record<ErrorCode, Explanation>>
