export interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
}

const VOID = new Set(['meta', 'br', 'hr', 'img', 'input', 'link', 'wbr'])
const TOKEN = /<!doctype html>|<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+="[^"<>]*")*)\s*(\/?)>|([^<]+)/y
const REFERENCE = /&(?!(?:amp|lt|gt|quot|#39);)/

/**
 * Reads a page that leaves nothing to a browser's goodwill: every element closed, every attribute in double quotes, every
 * special character a reference. Throws at the first thing that is not so; gives the elements and the text between them.
 */
export function readStrictly(page: string): { readonly elements: readonly Element[]; readonly text: string } {
  const open: string[] = []
  const elements: Element[] = []
  let text = ''
  let at = 0
  while (at < page.length) {
    TOKEN.lastIndex = at
    const token = TOKEN.exec(page)
    if (token === null) throw new Error(`not strict at ${at}: ${page.slice(at, at + 120)}`)
    at = TOKEN.lastIndex
    const [whole, closing, tag, attributes = '', selfClosing, words] = token
    if (words !== undefined) {
      if (open.at(-1) !== 'style') {
        if (REFERENCE.test(words) || words.includes('>')) throw new Error(`a bare character in: ${words.slice(0, 200)}`)
        text += decoded(words)
      }
      continue
    }
    if (tag === undefined) continue
    const name = tag.toLowerCase()
    if (closing === '/') {
      const opened = open.pop()
      if (opened !== name) throw new Error(`</${name}> closes <${opened}>`)
      continue
    }
    const pairs = [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)]
    for (const [, , value = ''] of pairs) if (REFERENCE.test(value)) throw new Error(`a bare & in ${whole}`)
    elements.push({
      name,
      attributes: Object.fromEntries(pairs.map(([, key = '', value = '']) => [key.toLowerCase(), decoded(value)])),
    })
    if (!VOID.has(name) && selfClosing !== '/') open.push(name)
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join(' ')}`)
  return { elements, text }
}

function decoded(text: string): string {
  const characters: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
  return text.replace(/&([^;]+);/g, (_, name: string) => characters[name] ?? '')
}
