/** What decides how values look and compare. */
const SETTINGS = [
  "NLS_NUMERIC_CHARACTERS='.,'",
  'NLS_DATE_FORMAT=\'SYYYY-MM-DD"T"HH24:MI:SS\'',
  'NLS_TIMESTAMP_FORMAT=\'SYYYY-MM-DD"T"HH24:MI:SS.FF9\'',
  'NLS_TIMESTAMP_TZ_FORMAT=\'SYYYY-MM-DD"T"HH24:MI:SS.FF9TZH:TZM\'',
  "NLS_SORT='BINARY'",
  "NLS_COMP='BINARY'",
  "TIME_ZONE='+00:00'",
].join(' ')

export const PIN = `alter session set ${SETTINGS}`

/** The settings by what they do: `PROVEN` is what the session must answer. */
export const PROOF = `select to_char(1 / 2), to_char(to_date('2024-02-29 03', 'YYYY-MM-DD HH24')),
  to_char(to_timestamp('2024-02-29 03:04:05.6', 'YYYY-MM-DD HH24:MI:SS.FF9')),
  to_char(to_timestamp_tz('2024-02-29 03:04:05.6 +05:30', 'YYYY-MM-DD HH24:MI:SS.FF9 TZH:TZM')),
  case when 'a' > 'B' and 'a' <> 'A' then 'binary' else 'by language' end, sessiontimezone from dual`
export const PROVEN = [
  '.5',
  ' 2024-02-29T03:00:00',
  ' 2024-02-29T03:04:05.600000000',
  ' 2024-02-29T03:04:05.600000000+05:30',
  'binary',
  '+00:00',
]
