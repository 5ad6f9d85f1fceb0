import { createRequire } from 'node:module'
import type { Zone } from 'luxon'
import { EtlError } from '../core/errors.js'

let luxon: typeof import('luxon') | undefined

/** Loaded on first use, so that a pipeline without dates does not wait for it. */
export function loadLuxon(): typeof import('luxon') {
  luxon ??= createRequire(import.meta.url)('luxon') as typeof import('luxon')
  return luxon
}

const DAY = 86_400_000

/** A time zone with the offsets of whole days remembered: most wall clocks need no look into the zone's rules. */
export interface ZoneClock {
  /** Seconds east of UTC at an instant (milliseconds since 1970). */
  offset(instant: number): number
  /** Offsets that make the wall clock exist: none in a gap, two (earlier instant first) in an overlap. */
  offsets(wall: number): readonly number[]
}

const clocks = new Map<string, ZoneClock>()

/** E211 for a name that is no IANA zone; `local` and `system` are refused because they differ between machines. */
export function zoneClock(name: string): ZoneClock {
  const known = clocks.get(name)
  if (known !== undefined) return known
  const { Info } = loadLuxon()
  const lower = name.toLowerCase()
  const zone = Info.normalizeZone(name)
  if (!zone.isValid || lower === 'local' || lower === 'system' || lower === 'default' || lower === '')
    throw new EtlError('E211', `${JSON.stringify(name)} is not a time zone`, {
      kind: 'usage',
      hint: 'use an IANA name such as America/Chicago, or UTC',
    })
  const clock = makeClock(zone)
  clocks.set(name, clock)
  return clock
}

function makeClock(zone: Zone): ZoneClock {
  const atMidnight = new Map<number, number>()
  const look = (instant: number): number => Math.round(zone.offset(instant) * 60)
  const midnight = (day: number): number => {
    let offset = atMidnight.get(day)
    if (offset === undefined) {
      offset = look(day * DAY)
      if (atMidnight.size > 100_000) atMidnight.clear()
      atMidnight.set(day, offset)
    }
    return offset
  }
  return {
    offset(instant) {
      const day = Math.floor(instant / DAY)
      const before = midnight(day)
      return before === midnight(day + 1) ? before : look(instant)
    },
    offsets(wall) {
      const day = Math.floor(wall / DAY)
      // No offset is a day or more, so the instant lies between these two midnights.
      const before = midnight(day - 1)
      const after = midnight(day + 2)
      if (before === after && midnight(day) === before && midnight(day + 1) === before) return [before]
      const candidates = [...new Set([before, midnight(day), midnight(day + 1), after])]
      return candidates.filter(offset => look(wall - offset * 1000) === offset).sort((a, b) => b - a)
    },
  }
}
