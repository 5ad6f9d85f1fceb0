/** What texts are put together from that splitters may differ about, in dialects that are plain. */
export const dialects = [
  {},
  { quote: "'" },
  { quote: false },
  { delimiter: '\t' },
  { delimiter: ';', quote: '|' },
] as const

export const pieces = [
  ...[',', '"', '""', '\n', '\r', '\r\n', ';', '\t', "'", '|', 'a', ' ', 'ü', '😀', '\0'],
  ...['"a,b"', '1,2\n', '"x\ny"'],
]
