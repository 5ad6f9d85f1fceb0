/** Fields of a second entity, with types that hold less than the source's; and what of each value is then kept. */
export interface Narrowed {
  readonly kind: string
  readonly type: string
  readonly onLossy: 'round' | 'truncate'
  readonly refused: string
  /** Labels of the values that lose something. */
  readonly kept: Readonly<Record<string, string>>
}

export const NARROWED: readonly Narrowed[] = [
  {
    kind: 'decimal12',
    type: 'decimal(13,1)',
    onLossy: 'round',
    refused: 'E404',
    kept: { highest: '10000000000.0', lowest: '-10000000000.0', small: '0.0', 'third digit': '2.0' },
  },
  {
    kind: 'timestamp',
    type: 'timestamp(3)',
    onLossy: 'truncate',
    refused: 'E404',
    kept: {
      microseconds: '2024-02-29 03:04:05.000',
      'overlap in New York': '2024-11-03 01:30:00.123',
      last: '9999-12-31 23:59:59.999',
      'with a T': '2024-02-29 03:04:05.000',
    },
  },
  {
    kind: 'varchar',
    type: 'varchar(3)',
    onLossy: 'truncate',
    refused: 'E405',
    kept: {
      full: 'abc',
      'trailing blanks': 'ab ',
      'four-byte': '😀😀😀',
      'longer than declared': 'abc',
      'too long': 'abc',
    },
  },
]
