import type { Session } from '../core/connector.js'
import type { Value } from '../core/row.js'
import { isRowError } from './bulk-write.js'
import type { IdentityLedger } from './identity-ledger.js'
import type { ChunkRef } from './ledger.js'
import type { UndoRecord } from './undo-record.js'

const SAVEPOINT = 'etl_identity'

/** Notes, in a batch's own transaction, which keys of the target its rows got. */
export class IdentityRecorder {
  readonly #identities: IdentityLedger
  readonly #pipeline: string
  readonly #ref: ChunkRef
  /** No other run has noted keys of the entity: each is new, and there is nothing to be put back one day. */
  #alone: boolean | undefined

  constructor(identities: IdentityLedger, pipeline: string, ref: ChunkRef) {
    this.#identities = identities
    this.#pipeline = pipeline
    this.#ref = ref
  }

  /** @param wanted whether to give what was noted under the keys before */
  async note(
    session: Session,
    keys: readonly string[],
    targets: readonly Value[],
    wanted: boolean,
  ): Promise<UndoRecord['identities']> {
    const { entity, runId } = this.#ref
    this.#alone ??= !(await this.#identities.ofOthers(session, this.#pipeline, entity, runId))
    if (this.#alone && (await this.#inserted(session, keys, targets))) return undefined
    const before = wanted ? await this.#identities.stored(session, this.#pipeline, entity, keys) : undefined
    await this.#identities.write(session, this.#pipeline, entity, runId, keys, targets, 'upsert')
    return before
  }

  /** False where a key is there after all: the source has it twice. */
  async #inserted(session: Session, keys: readonly string[], targets: readonly Value[]): Promise<boolean> {
    const { entity, runId } = this.#ref
    await session.savepoint(SAVEPOINT)
    try {
      await this.#identities.write(session, this.#pipeline, entity, runId, keys, targets, 'insert')
    } catch (error) {
      if (!isRowError(error)) throw error
      await session.rollbackTo(SAVEPOINT)
      this.#alone = false
      return false
    }
    await session.releaseSavepoint(SAVEPOINT)
    return true
  }
}
