const LONGEST_MS = 2 ** 31 - 1

/**
 * What `work` resolves to. Where it takes longer than `ms` (0: no limit) `late` is called, which is to break off what
 * `work` waits for, and its error is thrown.
 */
export async function within<T>(ms: number, work: () => Promise<T>, late: () => Error): Promise<T> {
  if (ms === 0) return await work()
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), Math.min(ms, LONGEST_MS))
  })
  try {
    return await Promise.race([work(), limit])
  } finally {
    clearTimeout(timer)
  }
}
