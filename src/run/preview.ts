import { formatTable } from '../core/catalog.js'
import type { Row, Value } from '../core/row.js'
import type { EntityPlan, ReadFrom } from '../plan/plan.js'
import type { EntityPreview } from './api.js'
import type { PreparedBatch } from './prepared-batch.js'
import type { RejectRecord } from './quarantine.js'

const MOST_REJECTS = 5

/** What a dry run shows of an entity: its first row before and after, and its first rejected rows. */
export class Preview {
  readonly #plan: EntityPlan
  #fields: EntityPreview['fields'] = []
  #rowsBefore = 0
  readonly #rejected: EntityPreview['rejected'][number][] = []

  constructor(plan: EntityPlan) {
    this.#plan = plan
  }

  add(batch: PreparedBatch, rejects: readonly RejectRecord[]): void {
    if (this.#fields.length === 0) this.#fields = this.#first(batch)
    for (const reject of rejects) {
      if (this.#rejected.length === MOST_REJECTS) break
      const values = this.#inputs(reject.field).map(name => shown(reject.values?.[name]))
      this.#rejected.push({
        row: this.#rowsBefore + reject.row,
        ...(reject.field === undefined ? {} : { field: reject.field }),
        value: values.join(' + '),
        code: reject.code,
        message: reject.message,
      })
    }
    this.#rowsBefore += batch.read
  }

  result(): EntityPreview {
    const { from } = this.#plan.read
    return {
      from: fromWords(from),
      to: formatTable(this.#plan.write.table),
      fields: this.#fields,
      rejected: this.#rejected,
    }
  }

  #first(batch: PreparedBatch): EntityPreview['fields'] {
    const row = batch.kept?.rows[0]
    const source = batch.kept?.firstSource
    if (row === undefined || source === undefined) return []
    return this.#plan.program.fields.map((field, i) => ({
      target: field.target,
      before: this.#before(field, source),
      after: text(row[i] ?? null),
    }))
  }

  #before(field: EntityPlan['program']['fields'][number], source: Row): string {
    if (field.input.kind === 'value') return '(constant)'
    if (field.input.kind === 'expr') return '(expression)'
    const { indexes, names } = field.input
    return indexes
      .map((index, i) => (index < source.length ? text(source[index] ?? null) : `(${names[i]})`))
      .join(' + ')
  }

  #inputs(field: string | undefined): readonly string[] {
    const input = this.#plan.program.fields.find(candidate => candidate.target === field)?.input
    return input?.kind === 'columns' ? input.names : []
  }
}

/** Where rows come from, for people. */
export function fromWords(from: ReadFrom): string {
  if (from.kind === 'union') return from.members.map(member => member.name).join(' + ')
  return from.kind === 'table' ? formatTable(from.table) : from.kind === 'query' ? 'query' : 'rows in the file'
}

function text(value: Value): string {
  if (Buffer.isBuffer(value)) return `\\x${value.subarray(0, 16).toString('hex')}${value.length > 16 ? '…' : ''}`
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

function shown(json: unknown): string {
  return json === undefined ? '' : JSON.stringify(json)
}
