/** A mistake that somebody makes, and the command that meets it. */
export interface Mistake {
  /** What was done wrong; also the heading in `messages.txt`. */
  readonly name: string
  /** Parts of the file that are wrong, or all of it. */
  readonly edit?: readonly (readonly [from: string, to: string])[]
  readonly file?: string | Buffer
  /** Default: `validate`. */
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** SQL for the source or the target beforehand. */
  readonly source?: string
  readonly target?: string
  /** A file that another program has in its hands all the while. */
  readonly locked?: 'source.sqlite' | 'target.sqlite'
  /** The target is the test's own PostgreSQL, by a URL with these parts put in. */
  readonly postgres?: {
    readonly user?: string
    readonly password?: string
    readonly database?: string
    readonly port?: number
  }
}

export const PIPELINE = `version: 1
name: crm
sources:
  old: { type: sqlite, path: source.sqlite }
target: { type: sqlite, path: target.sqlite }
entities:
  customers:
    from: CUSTOMER
    to: customers
    fields:
      id: ID
      name: { from: NAME, apply: [trim] }
      born: { from: BORN, apply: [{ parse_date: { format: "dd.MM.yyyy" } }] }
  orders:
    from: ORDERS
    to: orders
    fields:
      id: ID
      customer_id: { from: CUST_ID, ref: customers }
      total: TOTAL
`

export const SOURCE = `
  create table CUSTOMER (ID integer primary key, NAME text, BORN text);
  insert into CUSTOMER values (1, ' Ada ', '10.12.1815'), (2, 'Bob', '1.2.1990');
  create table ORDERS (ID integer primary key, CUST_ID int not null, TOTAL text);
  insert into ORDERS values (10, 1, '12.50'), (11, 7, '3.00'), (12, 2, 'N/A');`

export const TARGET = `
  create table customers (id integer primary key, name varchar(40) not null, born date);
  create table orders (id integer primary key, customer_id int not null references customers, total decimal(10,2));`

const CHECK = ['check', 'pipeline.yaml']
const RUN = ['run', 'pipeline.yaml', '--yes', '--progress', 'none']

export const MISTAKES: readonly Mistake[] = [
  { name: 'a file that is not there', args: ['run', 'pipline.yaml', '--yes'] },
  { name: 'a folder instead of a file', args: ['validate', '.'] },
  { name: 'an empty file', file: '' },
  {
    name: 'a file with a byte order mark and line ends of Windows, and a typo',
    file: `\ufeff${PIPELINE.replaceAll('\n', '\r\n').replace('fields', 'feilds')}`,
  },
  { name: 'a file in UTF-16', file: Buffer.from(`\ufeff${PIPELINE}`, 'utf16le') },
  { name: 'a tab as indentation', edit: [['    from: CUSTOMER', '\tfrom: CUSTOMER']] },
  { name: 'no space after a colon', edit: [['    from: CUSTOMER', '    from:CUSTOMER']] },
  { name: 'a quote that is never closed', edit: [['name: crm', 'name: "crm']] },
  { name: 'a variable without quotes in braces', edit: [['path: source.sqlite', 'path: ${SOURCE}']] },
  { name: 'a variable that is not set', edit: [['path: source.sqlite', 'path: "${SOURCE_FILE}"']] },
  { name: 'an entity twice', edit: [['  orders:', '  customers:']] },
  { name: 'a key with a typo', edit: [['    fields:', '    feilds:']] },
  { name: 'a key one level too deep', edit: [['    from: CUSTOMER', '    from: { table: CUSTOMER, where: ID > 0 }']] },
  { name: 'a key that is missing', edit: [['type: sqlite, path: target', 'path: target']] },
  { name: 'a number in quotes', edit: [['    to: customers', '    to: customers\n    batch_size: "many"']] },
  {
    name: 'a port as text',
    edit: [
      ['{ type: sqlite, path: target.sqlite }', '{ type: postgres, host: db, port: "54 32", database: crm, user: u }'],
    ],
  },
  { name: 'a value that is not allowed', edit: [['    to: customers', '    to: customers\n    load: upsrt']] },
  {
    name: 'a type of a database instead of ours',
    edit: [['total: TOTAL', 'total: { from: TOTAL, type: varchar2(20) }']],
  },
  { name: 'another version', edit: [['version: 1', 'version: 2']] },
  { name: 'a function that does not exist', edit: [['apply: [trim]', 'apply: [trimm]']] },
  { name: 'functions as a block instead of a list', edit: [['apply: [trim]', 'apply: { truncate: 5 }']] },
  { name: 'a function without what it needs', edit: [['{ parse_date: { format: "dd.MM.yyyy" } }', 'parse_date']] },
  { name: 'a bad date format', edit: [['dd.MM.yyyy', 'TT.MM.JJJJ']] },
  { name: 'a map that is not defined', edit: [['total: TOTAL', 'total: { from: TOTAL, map: totals }']] },
  { name: 'a reference to an entity that is not there', edit: [['ref: customers', 'ref: custmers']] },
  {
    name: 'entities that wait for each other',
    edit: [['    to: customers', '    to: customers\n    depends_on: [orders]']],
  },
  { name: 'a profile that is not there', args: ['validate', 'pipeline.yaml', '--profile', 'prod'] },
  { name: 'a variable that nothing uses', args: ['validate', 'pipeline.yaml', '--var', 'REGION=EU'] },
  { name: 'an option with a typo', args: ['run', 'pipeline.yaml', '--dryrun'] },
  { name: 'a command with a typo', args: ['verfy', 'pipeline.yaml'] },
  { name: 'a batch size of none', args: ['run', 'pipeline.yaml', '--batch-size', '0'] },
  { name: 'an entity with a typo on the command line', args: [...RUN, '--entity', 'order'] },
  { name: 'a source file that is not there', edit: [['source.sqlite', 'sourc.sqlite']], args: CHECK },
  { name: 'a source that is no database', edit: [['source.sqlite', 'pipeline.yaml']], args: CHECK },
  { name: 'a table with a typo', edit: [['from: CUSTOMER', 'from: CUSTOMERS']], args: RUN },
  { name: 'a target table that is missing', edit: [['to: orders', 'to: order_archive']], args: RUN },
  { name: 'a column with a typo', edit: [['from: NAME', 'from: NAM']], args: RUN },
  { name: 'a target column with a typo', edit: [['      total: TOTAL', '      totl: TOTAL']], args: RUN },
  {
    name: 'a required target column that nothing fills',
    edit: [['      name: { from: NAME, apply: [trim] }\n', '']],
    args: RUN,
  },
  {
    name: 'a table without a key',
    source: 'create table LOG (T text)',
    edit: [['from: ORDERS', 'from: LOG']],
    args: RUN,
  },
  {
    name: 'an error in the SQL of a query',
    edit: [['from: ORDERS', 'from: { query: "selct * from ORDERS" }\n    key: ID']],
    args: RUN,
  },
  {
    name: 'a run without consent',
    target: "insert into customers values (9, 'x', null)",
    args: ['run', 'pipeline.yaml'],
  },
  { name: 'rows that do not fit', args: RUN },
  {
    name: 'a key that is there twice',
    edit: [['    from: ORDERS', '    from: ORDERS\n    key: CUST_ID']],
    source: "insert into ORDERS values (13, 1, '1')",
    args: CHECK,
  },
  {
    name: 'rows that were loaded before',
    target: "insert into customers values (1, 'Ada', null), (2, 'Bob', null)",
    args: RUN,
  },
  { name: 'resume where nothing was begun', args: [...RUN, '--resume'] },
  { name: 'undo where nothing was run', args: ['undo', 'last', 'pipeline.yaml', '--yes'] },
  { name: 'verify where nothing was run', args: ['verify', 'pipeline.yaml'] },
  { name: 'a host that does not answer', postgres: { port: 1 }, args: CHECK },
  { name: 'a wrong password', postgres: { user: 'etl_mistake', password: 'wrong' }, args: CHECK },
  { name: 'a database that is not there', postgres: { database: 'crn' }, args: CHECK },
  { name: 'a login without rights', postgres: { user: 'etl_mistake' }, args: CHECK },
  {
    name: 'a source that another program has locked',
    edit: [['path: source.sqlite', 'path: source.sqlite, busy_timeout: 50']],
    locked: 'source.sqlite',
    args: RUN,
  },
  {
    name: 'a target that another program has locked',
    edit: [['path: target.sqlite', 'path: target.sqlite, busy_timeout: 50']],
    locked: 'target.sqlite',
    args: RUN,
  },
]
