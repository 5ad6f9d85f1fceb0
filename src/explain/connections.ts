import type { ErrorCode } from '../core/codes.js'
import type { Explanation } from './explanation.js'

/** E3xx: databases that cannot be reached, or refuse. */
export const CONNECTIONS = {
  E301: {
    means: 'Nothing answers at the address of the database.',
    why: 'The host name or port is wrong, the server is down, or a firewall or a missing VPN is in the way. A server that is only starting is tried again for a while.',
    example: {
      where: 'source crm',
      what: 'cannot reach the server: ECONNREFUSED',
      hint: 'check `host` and `port`, and that a PostgreSQL server runs there',
    },
    mend: [
      'See which of all it is: `etl doctor pipeline.yaml`',
      'Try the address from this machine: `nc -vz HOST PORT`',
      'Check `host` and `port` (or `url`), the VPN, and that the server runs.',
    ],
  },
  E302: {
    means: 'The server answered and refused the login.',
    why: 'The user or the password is wrong or expired, the account is locked, or the server lets this login in only from other hosts or only with TLS.',
    example: {
      where: 'target',
      what: 'password authentication failed for user "etl" (28P01)',
      hint: 'check `user` and `password`',
    },
    mend: [
      'Check `user` and `password`, and that the variables hold what you think: `etl validate`',
      'Try the same login with the database’s own client, from the same machine.',
    ],
  },
  E303: {
    means: 'The server is there, and the database is not; or a database file is not there.',
    why: 'The name is wrong, or the database was not created yet. A relative path of a file starts at the folder of the pipeline file.',
    example: {
      where: 'source.sqlite',
      what: 'the database file source.sqlite does not exist',
      hint: 'looked for /srv/etl/source.sqlite; a relative path starts at the folder of the pipeline file',
    },
    mend: ['Correct `database` (or `path`).', 'Or create it: `createdb warehouse`'],
  },
  E304: {
    means: 'The login may not do what the pipeline needs.',
    why: 'It lacks a right on a table or schema: reading of a source, writing to the target.',
    example: {
      where: 'target',
      what: 'permission denied for table customers (42501)',
      hint: 'grant the login what it needs, or use another one',
    },
    mend: [
      'See all that is missing at once: `etl check`',
      'Let an administrator grant it: `grant select, insert, update, delete on customers to loader`',
    ],
  },
  E305: {
    means: 'The target takes no writes.',
    why: 'It is a standby, a server or role that is set to read only, or a file without the right to write.',
    example: {
      where: 'target',
      what: 'the server is a standby',
      hint: 'connect to the primary server, and as a role that may write',
    },
    mend: [
      'Connect to the primary server, as a role that may write.',
      'For a file: `ls -l target.sqlite`, and give the rights of the file and its folder.',
    ],
  },
  E306: {
    means:
      'The connection broke in the middle of the work. A batch that was not committed is rolled back and tried again.',
    why: 'The server was restarted, the network failed, or a proxy or firewall cut a quiet connection. You see it as the end of a run only where trying again did not help.',
    example: { where: 'target', what: 'the connection to the server is lost' },
    mend: [
      'Once the server is back, go on; nothing comes twice: `etl run --resume`',
      'Where it happens often, lower `keepalive` of the block, or make batches smaller: `etl run --resume --batch-size 500`',
    ],
  },
  E307: {
    means:
      'Somebody else holds what this needs: a lock, a deadlock’s other side, a full list of connections. It is tried again by itself.',
    why: 'Other programs write to the same tables, or keep a transaction open.',
    example: {
      where: 'target.sqlite',
      what: 'another connection holds the lock of target.sqlite (SQLITE_BUSY)',
      hint: 'close the other program, or raise busy_timeout',
    },
    mend: [
      "Look who holds it (PostgreSQL: `select * from pg_stat_activity where state <> 'idle'`), and let it end.",
      'Then go on: `etl run --resume`',
    ],
  },
  E308: {
    means: 'The database refused a statement, and none of the other codes fits.',
    why: 'Mostly SQL of the file (`query`, `where`, a hook, a check) with an error in it. The database’s own words are in the message.',
    example: { where: 'source crm', what: 'syntax error at or near "form" (42601)' },
    mend: ['Try the SQL in the database’s own client, mend it in the file, then: `etl check`'],
  },
  E309: {
    means: 'Client and server do not agree on encryption, or a certificate is not trusted.',
    why: 'The server takes only TLS or none, its certificate is of another host or of an unknown authority, or the file of certificates cannot be read.',
    example: {
      where: 'target',
      what: 'no pg_hba.conf entry for host "10.0.0.7", user "etl", database "app", no encryption (28000)',
      hint: 'the server takes this login with TLS only: set `sslmode: require`',
    },
    mend: [
      'Set `sslmode: verify-full`, the default for other machines: it encrypts and proves who the server is.',
      'For a private authority: `ssl_ca: ca.pem`',
    ],
  },
  E310: {
    means: 'The package that speaks with this kind of database cannot be loaded.',
    why: 'It was left out at installation, or was built for another version of Node.',
    example: { where: 'source abis', what: 'the driver `oracledb` is missing', hint: 'npm install oracledb' },
    mend: [
      'Install it beside etl: `npm install oracledb`',
      'Built for another Node: `npm rebuild better-sqlite3`',
      'Not built at all, as newer versions of npm ask first: `npm install -g --allow-scripts=better-sqlite3 etl-runner`',
      'See all drivers: `etl doctor`',
    ],
  },
  E311: {
    means: 'The login may not create a table that the run needs: one of `create: if_missing`, or those of the ledger.',
    why: 'It lacks the right to create in the schema.',
    example: {
      where: 'target',
      what: 'loader may not create tables in schema public',
      hint: '`grant usage, create on schema public to loader`',
    },
    mend: [
      'Grant it: `grant usage, create on schema public to loader`',
      'Or give the ledger a schema of its own where the login may: `ledger: { schema: etl }`',
    ],
  },
  E312: {
    means:
      'Between the program and the database is a pooler that gives each transaction, or each statement, another session. Nothing was written.',
    why: 'What a run relies on belongs to a session: its lock, its settings, its temporary tables. There they would be on sessions of other clients.',
    example: {
      where: 'postgres pool.example.com:6432/shop',
      what: 'a pooler is in between that gives each transaction another session',
      hint: 'connect to the server itself, or to a pooler in session mode (pgbouncer: `pool_mode = session`)',
    },
    mend: [
      'Connect to the server itself: most often it is the same host on port 5432',
      'Or to a pooler in session mode; a database of pgbouncer may have one of its own: `shop = host=… pool_mode=session`',
    ],
  },
} as const satisfies Partial<Record<ErrorCode, Explanation>>
