import { formatTable } from '../core/catalog.js'
import type { Database } from '../core/connector.js'
import type { Plan } from './plan.js'

/** Which of the plan's target tables hold a row. */
export async function occupied(target: Database, plan: Plan): Promise<readonly string[]> {
  const session = await target.session({ readOnly: true })
  const found: string[] = []
  try {
    for (const { write } of plan.entities) {
      if (target.connector.capabilities.files === true) {
        // Without `replace` a file that is there is no danger: nothing begins.
        if (write.replace && (await target.rights(write.table)).select) found.push(formatTable(write.table))
        continue
      }
      const column = write.columns[0]
      if (write.create || column === undefined) continue
      const rows = session.read(
        {
          from: { table: write.table },
          columns: [{ name: column.name, type: column.type, decode: false }],
          order: [],
          limit: 1,
          batchRows: 1,
          batchBytes: 1 << 20,
        },
        new AbortController().signal,
      )
      for await (const batch of rows) if (batch.rows.length > 0) found.push(formatTable(write.table))
    }
  } finally {
    await session.close()
  }
  return [...new Set(found)]
}
