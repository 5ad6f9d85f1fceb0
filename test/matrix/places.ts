import { csv, jsonl } from './places/files.js'
import { mysql } from './places/mysql.js'
import { oracle } from './places/oracle.js'
import { postgres } from './places/postgres.js'
import { sqlite } from './places/sqlite.js'
import type { MatrixPlace } from './places/types.js'

export const places: readonly MatrixPlace[] = [sqlite, postgres, mysql, oracle, csv, jsonl]
export const sources: readonly MatrixPlace[] = places.filter(place => place.roles.includes('source'))
export const targets: readonly MatrixPlace[] = places.filter(place => place.roles.includes('target'))
