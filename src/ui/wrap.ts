/**
 * A line as lines of at most `width` columns, broken at spaces; those after the first begin at column `hang`. A word that is
 * wider still, such as a path, stays whole: broken it could not be copied.
 */
export function wrap(line: string, width: number, hang: number): string[] {
  if ([...line].length <= width) return [line]
  const lines: string[] = []
  let current = ''
  for (const [, space = '', word = ''] of line.matchAll(/(\s*)(\S+)/g)) {
    const fits = [...current, ...space, ...word].length <= width
    if (fits || current === '') current += space + word
    else {
      lines.push(current)
      current = ' '.repeat(Math.max(0, Math.min(hang, width - [...word].length))) + word
    }
  }
  return [...lines, current]
}
