/** A command of a page's `console` block and what the page shows of its output. */
export interface Step {
  readonly command: string
  /** Empty where the page shows nothing of it; a last `…` stands for the rest. */
  readonly shown: readonly string[]
}

export function fences(markdown: string, language: string): string[] {
  return [...markdown.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(match => match[1] ?? '')
}

export function steps(console: string): Step[] {
  const found: { command: string; shown: string[] }[] = []
  for (const line of console.split('\n').slice(0, -1)) {
    if (line.startsWith('$ ')) found.push({ command: line.slice(2), shown: [] })
    else found.at(-1)?.shown.push(line)
  }
  return found
}

/** What differs from run to run: names of runs and plans, when it was, how long it took, and the rate where that can be told. */
export function masked(text: string): string {
  return text
    .replaceAll(/\b[0-9a-f]{8}\b/g, 'RUN')
    .replaceAll(/\b[0-9a-f]{12}\b/g, 'FINGERPRINT')
    .replaceAll(/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b/g, 'THEN')
    .replaceAll(/\b\d+\.\ds( +\S+)$/gm, (_, rate: string) => `0.0s${'·'.padStart(rate.length)}`)
    .replaceAll(/\b\d+\.\d ?s\b/g, '0.0s')
}

/** What was printed, and what the page says of it; equal where the page is right. */
export function compared(stdout: string, shown: readonly string[]): { printed: string[]; wanted: string[] } {
  const lines = masked(stdout).trimEnd().split('\n')
  const rest = shown.at(-1) === '…'
  const wanted = masked((rest ? shown.slice(0, -1) : shown).join('\n')).split('\n')
  if (!rest) return { printed: lines, wanted }
  return { printed: lines.slice(0, shown.length - 1), wanted: shown.length === 1 ? [] : wanted }
}
