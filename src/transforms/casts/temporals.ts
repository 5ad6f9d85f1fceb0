import { RowError } from '../../core/errors.js'
import type { Value } from '../../core/row.js'
import type { LogicalType } from '../../core/types.js'
import { formatType } from '../../core/types.js'
import type { Moment, TemporalShape } from '../temporal.js'
import { fractionOf, LAST_WALL, NOT_TEMPORAL, readMoment, scan, shapeOf, timestampText, timeText } from '../temporal.js'
import type { Cast, LossPolicy } from './options.js'
import { refused } from './options.js'

type TemporalType = Extract<LogicalType, { kind: 'date' | 'time' | 'timestamp' }>

/** Fractional digits that values have where a type does not say. */
export const MICROSECONDS = 6

export function shapeOfType(type: TemporalType): TemporalShape {
  return type.kind === 'timestamp' ? (type.zoned ? 'timestamptz' : 'timestamp') : type.kind
}

const WORDS: Readonly<Record<TemporalShape, string>> = {
  date: 'a date',
  time: 'a time of day',
  timestamp: 'a timestamp without zone',
  timestamptz: 'a timestamp with zone',
}

/** What to do where a conversion would have to guess. */
const HINTS: Readonly<Record<string, string>> = {
  'timestamp timestamptz': 'say where its clock stood with zone',
  'date timestamptz': 'say where its clock stood with zone',
  'timestamptz date': 'choose the clock with to_zone, then date_only',
  'timestamptz timestamp': 'choose the clock with to_zone and drop',
  'timestamptz time': 'choose the clock with to_zone, then time_only',
  'timestamp time': 'take time_only',
}

/** Why a shape cannot become another one; undefined where it can. */
export function temporalRefusal(from: TemporalShape, to: TemporalShape, allowed: boolean): string | undefined {
  if (from === to || (from === 'date' && to === 'timestamp') || (from === 'timestamp' && to === 'date'))
    return undefined
  if (from === 'timestamptz' && to === 'timestamp' && allowed) return undefined
  const hint = HINTS[`${from} ${to}`]
  return `${WORDS[from]} cannot become ${WORDS[to]}${hint === undefined ? '' : `; ${hint}`}`
}

/** @param sameKind values that the source's server wrote as this very type pass with what only it understands (infinity, BC) */
export function toTemporal(type: TemporalType, sameKind: boolean, loss: LossPolicy): Cast {
  const target = formatType(type)
  const shape = shapeOfType(type)
  const precision = type.kind === 'date' ? 0 : (type.precision ?? MICROSECONDS)
  return value => {
    if (typeof value !== 'string') return refused(value, target)
    const scanned = scan(value)
    if (scanned === NOT_TEMPORAL) {
      if (sameKind && /infinity|BC$|^\d{5,}-/.test(value)) return value
      throw new RowError('E406', `the text is not ${WORDS[shape]}`)
    }
    const found = shapeOf(scanned)
    if (found === shape && fractionOf(scanned) <= precision) return value
    const refusal = temporalRefusal(found, shape, loss.allowed !== undefined)
    if (refusal !== undefined) throw new RowError('E421', refusal)
    return convert(value, found, fractionOf(scanned))
  }

  function convert(text: string, found: TemporalShape, digits: number): Value {
    if (found === 'date') return `${text}T00:00:00`
    const moment = readMoment(text) as Moment
    if (shape === 'date') {
      if (moment.wall % 86_400_000 !== 0 || digits > 0) lost('a date cannot hold the time of day')
      return text.slice(0, 10)
    }
    let result = moment
    if (found !== shape) {
      lost('the zone offset would be lost')
      result = { ...moment, shape, wall: moment.wall - moment.offset * 1000, offset: 0 }
    }
    if (digits > precision) {
      lost(`${target} keeps ${precision} digits of the second, the value has more`)
      result = shortened(result)
    }
    if (shape === 'time') return timeText(result.wall, result.fraction)
    return timestampText(result.wall, result.fraction, shape === 'timestamptz' ? result.offset : undefined)
  }

  function lost(message: string): void {
    if (loss.allowed === undefined) throw new RowError('E404', message)
    loss.onLoss()
  }

  function shortened(moment: Moment): Moment {
    const fraction = moment.fraction.slice(0, precision)
    if (loss.allowed !== 'round' || moment.fraction.charCodeAt(precision) < 53) return { ...moment, fraction }
    const next = (BigInt(`1${fraction}`) + 1n).toString()
    if (!next.startsWith('2')) return { ...moment, fraction: next.slice(1) }
    const wall = moment.wall + 1000
    if (shape === 'time' ? wall >= 86_400_000 : wall > LAST_WALL)
      throw new RowError('E403', `rounding leaves the range of ${target}`)
    return { ...moment, wall, fraction: next.slice(1) }
  }
}
