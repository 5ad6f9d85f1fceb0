/** What `etl trace` tells of a row: what a run would do with it, what is in the target, what runs did; each on one line. */
export function outcomesOf(trace: string): string[] {
  return [
    /a run of today\n {3}(.*(?:\n {3}.*)*)/,
    /target now\n {3}(.*(?:\n {3}.*)*)/,
    /runs\n {3}(.*(?:\n {5}.*)*)/,
  ].map(part =>
    (part.exec(trace)?.[1] ?? '-')
      .replace(/\s+/g, ' ')
      .replace(/committed [\dT:.-]+Z/, 'committed T')
      .replace(/\b[0-9a-f]{8}\b/, 'RUN'),
  )
}
