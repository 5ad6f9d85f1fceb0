/** Below it a number of thousandths has so few digits that no other decimal as short is the same double. */
const LARGE = 1e12

/** The same as `String(value)`, in half the time where there are up to three digits after the point, as in amounts. */
export function textOfNumber(value: number): string {
  const thousandths = Math.round(value * 1000)
  if (thousandths / 1000 !== value || thousandths >= LARGE || thousandths <= -LARGE) return String(value)
  const all = Math.abs(thousandths)
  const whole = Math.floor(all / 1000)
  const rest = all - whole * 1000
  if (rest === 0) return String(value)
  const sign = value < 0 ? '-' : ''
  if (rest % 100 === 0) return `${sign}${whole}.${rest / 100}`
  if (rest % 10 === 0) return `${sign}${whole}.${rest < 100 ? '0' : ''}${rest / 10}`
  return `${sign}${whole}.${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}`
}
