import type { ErrorCode } from '../core/codes.js'
import type { Explanation } from './explanation.js'

const RESUME = 'Go on with what is left: `etl resume RUN`'

/** E56x: runs whose work is done by workers on several machines. */
export const ENGINES = {
  E560: {
    means: 'The engine, which hands the work to workers, cannot be used.',
    why: 'Its tables are not there or of another version, the address is of no engine that is known, it does not answer, or the login may not create its schema. A Restate: no worker has registered, or at another address.',
    example: {
      what: 'the engine is not set up in this database, or was set up by another version',
      hint: 'etl engine init --engine …',
    },
    mend: [
      'Set it up, once: `etl engine init --engine URL`',
      'Look at it: `etl engine check --engine URL`',
      'A Restate: start workers, all with the same `--advertise`.',
    ],
  },
  E561: {
    means: 'A piece of work was given to worker after worker, and none of them finished it.',
    why: 'Workers die at it (memory, evictions), or lose their connection each time. What is committed stays.',
    example: {
      where: 'orders',
      what: 'no worker finished it: each that began was lost',
      hint: 'look at the logs of the workers (memory, evictions), then `etl resume RUN`',
    },
    mend: ['Look at the logs of the workers, and give them more memory or smaller batches.', RESUME],
  },
  E562: {
    means: 'Workers on other machines cannot do this run.',
    why: 'It needs something that only this machine has, such as local files, or something that one process must do alone, such as a dry run.',
    example: {
      what: 'crm, which lies in local files, cannot be handed to workers',
      hint: 'say `engine: { shared: true }` where all workers have the same files, or `engine: { label: NAME }` for those that do',
    },
    mend: ['Do what the hint says, or run it here: leave out `--engine`.'],
  },
  E563: {
    means: 'A worker refused work, because it would have done something else than the process that has the run.',
    why: 'It has another version of the program or of the pipeline file, or its variables name other databases. Nothing was written by it.',
    example: {
      what: 'the run was begun by etl 0.1.0, this worker is 0.2.0',
      hint: 'run the same version everywhere, then `etl resume RUN`',
    },
    mend: ['Give all workers the same program, files and variables.', RESUME],
  },
  E564: {
    means: 'The engine has no such run to show, cancel or resume.',
    why: 'Its id is mistyped, it was run without `--engine` or through another engine, or it is older than 14 days.',
    example: {
      what: 'the engine has no run 7f3a9c12',
      hint: 'runs are kept for 14 days; what the target knows of them: `etl runs`',
    },
    mend: ['See which runs there are: `etl status --engine URL`', 'What the target knows: `etl runs`'],
  },
  E565: {
    means: 'The run is with the engine already: there is nothing to hand over once more.',
    why: 'It waits for a worker or is in work. One that was cancelled a moment ago may finish its batches first.',
    example: {
      what: 'run 7f3a9c12 goes on already',
      hint: 'see how far it is: `etl status 7f3a9c12`',
    },
    mend: ['See how far it is: `etl status RUN`', 'Stop it: `etl cancel RUN`'],
  },
} as const satisfies Partial<Record<ErrorCode, Explanation>>
