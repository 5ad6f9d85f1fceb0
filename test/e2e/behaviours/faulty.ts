import { Workspace } from '../../support/etl.js'
import { pipeline } from './pipeline.js'

/** 2,000 rows of which those with an id that 100 divides have no number. */
export function faulty(options: string): Workspace {
  const place = new Workspace()
  place.source(`create table T (ID integer primary key, N text);
    insert into T with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000)
    select i, iif(i % 100 = 0, 'none', i) from n`)
  place.target('create table t (id integer primary key, n integer)')
  place.write(
    'pipeline.yaml',
    pipeline(
      `\n  t:\n    from: T\n    to: t\n    batch_size: 250\n    ${options}\n    fields: { id: ID, n: { from: N, apply: [to_integer] } }`,
    ),
  )
  return place
}
