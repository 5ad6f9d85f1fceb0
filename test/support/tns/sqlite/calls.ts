import { notUnderstood, OraError } from '../ora-error.js'
import type { OraType } from '../ora-type.js'
import { comparable, convert, familyOf, type NlsFormats, sqlText, type Typed } from './convert.js'

const NUMBER: OraType = { kind: 'NUMBER' }
const TEXT: OraType = { kind: 'VARCHAR2', length: 4000 }

type Maker = (args: readonly Typed[], nls: NlsFormats) => Typed

const text = (value: Typed | undefined, nls: NlsFormats): string => convert(need(value), 'VARCHAR2', nls)
const num = (value: Typed | undefined, nls: NlsFormats): string => convert(need(value), 'NUMBER', nls)

function need(value: Typed | undefined): Typed {
  if (value === undefined) throw new OraError(938, 'not enough arguments for function')
  return value
}

const ofText =
  (name: string, type: OraType = TEXT): Maker =>
  ([a], nls) => ({ sql: `${name}(${text(a, nls)})`, type })
const ofNumber =
  (name: string): Maker =>
  ([a], nls) => ({ sql: `${name}(${num(a, nls)})`, type: NUMBER })
const rounded =
  (name: string): Maker =>
  ([a, digits], nls) => ({
    sql: `${name}(${num(a, nls)}, ${digits === undefined ? "x'80'" : num(digits, nls)})`,
    type: NUMBER,
  })

/** Values of several expressions as one type: the first typed one decides. */
function unified(values: readonly Typed[], nls: NlsFormats): { sqls: string[]; type: OraType | undefined } {
  const type = values.find(value => value.type !== undefined)?.type
  return {
    sqls: values.map(value => (type === undefined ? value.sql : convert(value, type.kind, nls))),
    type: wide(type),
  }
}

/** A computed text has no declared length. */
export function wide(type: OraType | undefined): OraType | undefined {
  if (type === undefined || familyOf(type) !== 'text') return type
  return { kind: type.kind.startsWith('N') ? 'NVARCHAR2' : 'VARCHAR2', length: 4000 }
}

const toMoment =
  (udf: string, kind: 'DATE' | 'TIMESTAMP' | 'TIMESTAMP_TZ', fallback: (nls: NlsFormats) => string): Maker =>
  ([a, format], nls) => {
    const given = need(a)
    if (given.type !== undefined && familyOf(given.type) === 'moment')
      return { sql: convert(given, kind, nls), type: { kind, scale: 9 } }
    return {
      sql: `${udf}(${text(given, nls)}, ${format === undefined ? sqlText(fallback(nls)) : text(format, nls)})`,
      type: kind === 'DATE' ? { kind } : { kind, scale: 9 },
    }
  }

const FUNCTIONS: Readonly<Record<string, Maker>> = {
  UPPER: ofText('t_upper'),
  CHR: ([a], nls) => ({ sql: `t_chr(${num(a, nls)})`, type: TEXT }),
  LOWER: ofText('t_lower'),
  TRIM: ofText('t_trim'),
  LTRIM: ofText('t_ltrim'),
  RTRIM: ofText('t_rtrim'),
  LENGTH: ofText('t_length', NUMBER),
  LENGTHB: ofText('t_lengthb', NUMBER),
  'DBMS_LOB.GETLENGTH': ([a]) => ({
    sql: `${need(a).type?.kind === 'BLOB' ? 'b_length' : 't_length'}(${a?.sql})`,
    type: NUMBER,
  }),
  SUBSTR: ([a, from, length], nls) => ({
    sql: `t_substr(${[text(a, nls), num(from, nls), ...(length === undefined ? [] : [num(length, nls)])].join(', ')})`,
    type: TEXT,
  }),
  INSTR: ([a, b], nls) => ({ sql: `t_instr(${text(a, nls)}, ${text(b, nls)})`, type: NUMBER }),
  REPLACE: ([a, b, c], nls) => ({
    sql: `t_replace(${text(a, nls)}, ${text(b, nls)}, ${c === undefined ? 'NULL' : text(c, nls)})`,
    type: TEXT,
  }),
  CONCAT: ([a, b], nls) => ({ sql: `cat(${text(a, nls)}, ${text(b, nls)})`, type: TEXT }),
  ABS: ofNumber('n_abs'),
  FLOOR: ofNumber('n_floor'),
  CEIL: ofNumber('n_ceil'),
  SIGN: ofNumber('n_sign'),
  ROUND: rounded('n_round'),
  TRUNC: (args, nls) => {
    const [a] = args
    if (a?.type !== undefined && familyOf(a.type) === 'moment') {
      if (args.length > 1) throw notUnderstood('TRUNC of a date with a format')
      return { sql: `m_trunc(${a.sql})`, type: { kind: 'DATE' } }
    }
    return rounded('n_trunc')(args, nls)
  },
  MOD: ([a, b], nls) => ({ sql: `n_mod(${num(a, nls)}, ${num(b, nls)})`, type: NUMBER }),
  NVL: (args, nls) => coalesce(args, nls),
  COALESCE: (args, nls) => coalesce(args, nls),
  NULLIF: ([a, b], nls) => {
    const [left, right] = comparable(need(a), need(b), nls)
    return { sql: `CASE WHEN ${left} = ${right} THEN NULL ELSE ${need(a).sql} END`, type: need(a).type }
  },
  NVL2: ([a, b, c], nls) => {
    const { sqls, type } = unified([need(b), need(c)], nls)
    return { sql: `CASE WHEN ${need(a).sql} IS NOT NULL THEN ${sqls[0]} ELSE ${sqls[1]} END`, type }
  },
  DECODE: ([a, ...rest], nls) => {
    const results = rest.filter((_, i) => i % 2 === 1 || (i === rest.length - 1 && rest.length % 2 === 1))
    const { sqls, type } = unified(results, nls)
    let sql = 'CASE'
    for (let i = 0; i + 1 < rest.length; i += 2) {
      const [left, right] = comparable(need(a), need(rest[i]), nls)
      sql += ` WHEN ${left} IS ${right} THEN ${sqls[i / 2]}`
    }
    if (rest.length % 2 === 1) sql += ` ELSE ${sqls.at(-1)}`
    return { sql: `${sql} END`, type }
  },
  GREATEST: (args, nls) => ({ sql: `max(${unified(args, nls).sqls.join(', ')})`, type: unified(args, nls).type }),
  LEAST: (args, nls) => ({ sql: `min(${unified(args, nls).sqls.join(', ')})`, type: unified(args, nls).type }),
  TO_CHAR: ([a, format], nls) => {
    const value = need(a)
    if (format === undefined) return { sql: text(value, nls), type: TEXT }
    if (value.type !== undefined && familyOf(value.type) === 'moment')
      return { sql: `m_txt(${value.sql}, ${text(format, nls)})`, type: TEXT }
    if (value.type?.kind === 'NUMBER' && format.sql === "'TM9'") return { sql: `n_txt(${value.sql})`, type: TEXT }
    throw notUnderstood(`TO_CHAR with the format ${format.sql}`)
  },
  TO_NUMBER: (args, nls) => {
    if (args.length > 1) throw notUnderstood('TO_NUMBER with a format')
    return { sql: num(args[0], nls), type: NUMBER }
  },
  TO_DATE: toMoment('t_date', 'DATE', nls => nls.date),
  TO_TIMESTAMP: toMoment('t_ts', 'TIMESTAMP', nls => nls.timestamp),
  TO_TIMESTAMP_TZ: toMoment('t_tz', 'TIMESTAMP_TZ', nls => nls.zoned),
  TO_CLOB: ([a], nls) => ({ sql: text(a, nls), type: { kind: 'CLOB' } }),
  TO_NCLOB: ([a], nls) => ({ sql: text(a, nls), type: { kind: 'NCLOB' } }),
  TO_BLOB: ([a], nls) => ({ sql: convert(need(a), 'BLOB', nls), type: { kind: 'BLOB' } }),
  TO_BINARY_DOUBLE: ([a], nls) => ({ sql: convert(need(a), 'BINARY_DOUBLE', nls), type: { kind: 'BINARY_DOUBLE' } }),
  TO_BINARY_FLOAT: ([a], nls) => ({ sql: convert(need(a), 'BINARY_FLOAT', nls), type: { kind: 'BINARY_FLOAT' } }),
  TO_DSINTERVAL: ([a], nls) => ({ sql: convert(need(a), 'INTERVAL_DS', nls), type: { kind: 'INTERVAL_DS' } }),
  TO_YMINTERVAL: ([a], nls) => ({ sql: convert(need(a), 'INTERVAL_YM', nls), type: { kind: 'INTERVAL_YM' } }),
  HEXTORAW: ([a], nls) => ({ sql: `t_raw(${text(a, nls)})`, type: { kind: 'RAW', length: 2000 } }),
  RAWTOHEX: ([a], nls) => ({ sql: `raw_t(${convert(need(a), 'RAW', nls)})`, type: TEXT }),
  SYS_EXTRACT_UTC: ([a], nls) => ({
    sql: `m_utc(${convert(need(a), 'TIMESTAMP_TZ', nls)})`,
    type: { kind: 'TIMESTAMP', scale: 9 },
  }),
  AT_TIME_ZONE: ([a, zone], nls) => ({
    sql: `m_at(${convert(need(a), 'TIMESTAMP_TZ', nls)}, ${text(zone, nls)})`,
    type: { kind: 'TIMESTAMP_TZ', scale: 9 },
  }),
  SYS_CONTEXT: ([space, name], nls) => ({ sql: `x_context(${text(space, nls)}, ${text(name, nls)})`, type: TEXT }),
  'DBMS_FLASHBACK.GET_SYSTEM_CHANGE_NUMBER': () => ({ sql: 'x_scn()', type: NUMBER }),
}

function coalesce(args: readonly Typed[], nls: NlsFormats): Typed {
  const { sqls, type } = unified(args, nls)
  return { sql: `coalesce(${sqls.join(', ')})`, type }
}

export const AGGREGATES: ReadonlySet<string> = new Set(['COUNT', 'SUM', 'AVG', 'MIN', 'MAX'])

/** A call of a built-in function by its Oracle name. */
export function callFunction(name: string, args: readonly Typed[], nls: NlsFormats): Typed {
  const maker = FUNCTIONS[name]
  if (maker === undefined)
    throw new OraError(904, `"${name}": invalid identifier (a function the test server does not know)`)
  return maker(args, nls)
}

export function callAggregate(name: string, arg: Typed | undefined, distinct: boolean, nls: NlsFormats): Typed {
  const inner = distinct ? 'DISTINCT ' : ''
  if (name === 'COUNT') return { sql: `n_int(count(${arg === undefined ? '*' : inner + arg.sql}))`, type: NUMBER }
  const value = need(arg)
  if (name === 'MIN' || name === 'MAX') return { sql: `${name.toLowerCase()}(${value.sql})`, type: value.type }
  return { sql: `${name === 'SUM' ? 'n_sum' : 'n_avg'}(${inner}${num(value, nls)})`, type: NUMBER }
}
