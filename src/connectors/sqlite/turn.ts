/** Lets one writing session of a file go at a time: SQLite has one writer, and waiting for its lock would block this process. */
export class Turn {
  #last: Promise<void> = Promise.resolve()

  /** Resolves when it is the caller's turn, with the function that ends it (calling it again does nothing). */
  async take(): Promise<() => void> {
    const before = this.#last
    let release = () => {}
    this.#last = new Promise(resolve => {
      release = resolve
    })
    await before
    return release
  }
}
