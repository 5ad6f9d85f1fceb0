import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** A word that nothing else holds, however it is written. */
export class Mark {
  readonly #needles: readonly string[]

  constructor(readonly word: string) {
    const bytes = Buffer.from(word)
    // Within Base64 a word looks in one of three ways; what its neighbours change is cut off.
    const base64 = [0, 1, 2].map(shift => {
      const text = Buffer.concat([Buffer.alloc(shift), bytes])
        .toString('base64')
        .replaceAll('=', '')
      return text.slice(shift === 0 ? 0 : 4, -2)
    })
    this.#needles = [word, ...base64, bytes.toString('hex'), bytes.toString('utf16le')]
  }

  /** Is it in there in any way of writing it? */
  isIn(text: string | Buffer): boolean {
    const upper = bytesOf(text).toString('latin1').toLowerCase()
    return this.#needles.some(needle => upper.includes(needle.toLowerCase()))
  }
}

function bytesOf(text: string | Buffer): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : text
}

export interface Artefact {
  readonly name: string
  readonly content: string | Buffer
}

export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)))
}

export function artefactsIn(folder: string, files: readonly string[]): Artefact[] {
  return files.map(name => ({ name, content: readFileSync(join(folder, name)) }))
}

/** Names of what holds the mark. */
export function hits(mark: Mark, artefacts: readonly Artefact[]): string[] {
  return artefacts
    .filter(({ content }) => mark.isIn(content))
    .map(({ name, content }) => {
      const text = bytesOf(content).toString('latin1')
      const at = text.toLowerCase().indexOf(mark.word.toLowerCase())
      return `${name}: …${text.slice(Math.max(0, at - 80), at + 40)}…`
    })
}
