import { Document, isMap } from 'yaml'
import type { ErrorCode } from '../core/codes.js'

type Raw = Readonly<Record<string, unknown>>

export interface FixFor {
  readonly entity: string
  readonly field?: string | undefined
  readonly code: ErrorCode
  /** The column takes no NULL. */
  readonly notNull?: boolean
}

/**
 * What could be put into the file so that rows of this cause get through, as YAML to paste; or a sentence where no
 * setting does it.
 *
 * @param entity the entity as it stands in the file; undefined where it is not there any more
 */
export function suggestFix(cause: FixFor, entity: Raw | undefined): string {
  const change = cause.field === undefined ? undefined : FIELD_CHANGES[cause.code]
  const field = entity === undefined || change === undefined ? undefined : fieldOf(entity, cause.field ?? '')
  if (change !== undefined && field !== undefined) return yaml(cause, change(field, cause.notNull === true))
  if (entity !== undefined && UPSERTS.includes(cause.code))
    return yaml({ ...cause, field: undefined }, { load: 'upsert' })
  return `# ${SENTENCES[cause.code] ?? 'mend the rows in the source'}`
}

/** What a field becomes whose column takes NULL, or not. */
type Change = (field: Raw, notNull: boolean) => Raw

const CHANGE_ME = 'CHANGE_ME'
/** A column of the target that the file does not fill. */
const ABSENT: Raw = {}

/** Null would only fail again where a value is required. */
const needsDefault = (field: Raw, notNull: boolean): boolean =>
  (notNull || field.required === true) && field.default === undefined

const invalid: Change = (field, notNull) =>
  needsDefault(field, notNull)
    ? { ...field, on_invalid: 'default', default: CHANGE_ME }
    : { ...field, on_invalid: null }
const orNull =
  (policy: 'on_missing' | 'unmapped'): Change =>
  (field, notNull) => ({ ...field, [policy]: null, ...(needsDefault(field, notNull) ? { default: CHANGE_ME } : {}) })
const applied =
  (fn: string): Change =>
  field => {
    const before = field.apply === undefined ? [] : Array.isArray(field.apply) ? field.apply : [field.apply]
    return { ...field, apply: [...before, fn] }
  }

/** What a field becomes; the first setting that lets the row through without hiding it in others. */
const FIELD_CHANGES: Readonly<Partial<Record<ErrorCode, Change>>> = {
  E401: field => (field === ABSENT ? { value: CHANGE_ME } : { ...field, default: CHANGE_ME }),
  E402: invalid,
  E403: invalid,
  E404: field => ({ ...field, on_lossy: 'round' }),
  E405: field => ({ ...field, on_lossy: 'truncate' }),
  E406: invalid,
  E407: invalid,
  E408: applied('strip_nul'),
  E410: orNull('unmapped'),
  E411: orNull('on_missing'),
  E412: orNull('on_missing'),
  E413: invalid,
  E414: invalid,
  E421: invalid,
}

const UPSERTS: readonly ErrorCode[] = ['E415', 'E416', 'E417']

const SENTENCES: Readonly<Partial<Record<ErrorCode, string>>> = {
  E409: 'repair the text in the source: its bytes are not valid in the encoding',
  E418: 'load the rows it refers to first (depends_on, or defer for a cycle), then retry',
  E419: "mend the value, or the target's constraint",
  E422: 'name another key: under the entity, or leave such rows out with where',
  E423: 'mend the line in the file; a row with a `key:` of its own is found again',
  E424: 'retry with --from kept to load the row as it was rejected',
}

/** A field in its long form; a column that only `rest: copy` names comes from the column of its name. */
function fieldOf(entity: Raw, name: string): Raw {
  const fields = (entity.fields ?? {}) as Raw
  const field = fields[name] ?? (entity.rest === 'copy' ? name : ABSENT)
  return typeof field === 'string' || Array.isArray(field) ? { from: field } : (field as Raw)
}

function yaml({ entity, field }: FixFor, change: Raw): string {
  const document = new Document({
    entities: { [entity]: field === undefined ? change : { fields: { [field]: change } } },
  })
  if (field !== undefined) {
    const node = document.getIn(['entities', entity, 'fields', field])
    if (isMap(node)) node.flow = true
  }
  return document.toString({ lineWidth: 0 }).trimEnd()
}
