import { EtlError } from '../core/errors.js'
import type { MaxErrors } from '../spec/model.js'

/** A share is judged once this many rows were read, and at the end. */
const SHARE_MIN_ROWS = 1000

export interface Tally {
  readonly read: number
  readonly failed: number
}

export interface BudgetOptions {
  /** Undefined: any number may fail. */
  readonly limit: MaxErrors | undefined
  /** As the file calls the limit. */
  readonly setting: string
  /** What is committed. */
  readonly tally: () => Tally
  /** The entity; undefined for the run. */
  readonly where?: string
  /** Called before the error is thrown. */
  readonly exceeded?: () => void
}

/** How many rows may fail: of an entity, or of all entities of a run together. */
export class Budget {
  readonly #options: BudgetOptions

  constructor(options: BudgetOptions) {
    this.#options = options
  }

  /** Throws E501 where what is committed and `more` is too much. */
  check(more: Tally, end = false): void {
    const { limit, setting, tally, where, exceeded } = this.#options
    if (limit === undefined) return
    const committed = tally()
    const read = committed.read + more.read
    const failed = committed.failed + more.failed
    const passed =
      'count' in limit ? failed > limit.count : (end || read >= SHARE_MIN_ROWS) && failed > limit.share * read
    if (!passed) return
    exceeded?.()
    const most =
      'count' in limit ? limit.count : `${Number((limit.share * 100).toPrecision(6))} %, ${read} rows were read`
    const whose = where === undefined ? ' in all entities together' : ''
    throw new EtlError('E501', `${failed} ${failed === 1 ? 'row' : 'rows'} failed${whose}; ${setting} is ${most}`, {
      ...(where === undefined ? {} : { where }),
      hint: `look at the quarantine file, mend the mapping or raise ${setting}, then go on with \`etl run … --resume\``,
    })
  }

  /** The last word, once everything is committed: also of a share of few rows. */
  close(): void {
    this.check({ read: 0, failed: 0 }, true)
  }
}

/** Of all entities of a run together; `stop` is called where too many rows failed, since nothing else may go on. */
export function runBudget(limit: MaxErrors | undefined, tallies: () => readonly Tally[], stop: () => void): Budget {
  const sum = (all: readonly Tally[], of: keyof Tally): number => all.reduce((total, tally) => total + tally[of], 0)
  const tally = (): Tally => {
    const all = tallies()
    return { read: sum(all, 'read'), failed: sum(all, 'failed') }
  }
  return new Budget({ limit, setting: 'quarantine.max_errors', tally, exceeded: stop })
}
