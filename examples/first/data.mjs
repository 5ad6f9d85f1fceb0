// Writes .etl/old.sqlite: three people, one of them with an e-mail address that is none.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'

const folder = join(import.meta.dirname, '.etl')
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
new Database(join(folder, 'old.sqlite'))
  .exec(`
    create table PERSON (PERSON_ID integer primary key, FIRST text, LAST text, EMAIL text, STAT text);
    insert into PERSON values (1, 'ADA', 'LOVELACE', 'Ada@Example.com', 'A');
    insert into PERSON values (2, 'GRACE', 'HOPPER', ' grace@example.com ', 'I');
    insert into PERSON values (3, 'LINUS', 'PAULING', 'n/a', 'A');
  `)
  .close()
