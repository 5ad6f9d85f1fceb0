// Turns what a terminal shows, with its colours, into a picture:
//   tmux capture-pane -p -e | node docs/images/screen.mjs "a text for those who do not see it" > docs/images/screen.svg
import { stdin, argv } from 'node:process'

const COLOURS = { 31: '#f28b82', 32: '#63c793', 33: '#e3b352', 36: '#6fc3df', 37: '#e6eaf0', 39: '#d5dbe3', 90: '#7b8696' }
const [CELL, LINE, EDGE] = [8.4, 19, 18]

let text = ''
for await (const chunk of stdin.setEncoding('utf8')) text += chunk
const lines = text.trimEnd().split('\n').map(segments)
const width = Math.ceil(2 * EDGE + CELL * Math.max(...lines.map(line => line.reduce((sum, s) => sum + [...s.text].length, 0))))
const height = 2 * EDGE + LINE * lines.length
const rows = lines.flatMap((line, row) => {
  let column = 0
  return line.map(({ text: shown, color, bold }) => {
    const cells = [...shown].length
    const x = (EDGE + CELL * column).toFixed(1)
    column += cells
    if (shown.trim() === '') return ''
    const weight = bold ? ' font-weight="700"' : ''
    // Every piece has the width of its cells, whatever font is there.
    return `<text x="${x}" y="${EDGE + LINE * row + 14}" textLength="${(CELL * cells).toFixed(1)}" lengthAdjust="spacingAndGlyphs" fill="${color}"${weight}>${escaped(shown)}</text>`
  })
})
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(argv[2] ?? '').replaceAll('\u00a0', ' ')}</title>
<rect width="100%" height="100%" rx="10" fill="#12161c"/>
<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14">
${rows.filter(row => row !== '').join('\n')}
</g>
</svg>
`)

/** Pieces of one colour. */
function segments(line) {
  const found = []
  let [color, bold] = [COLOURS[39], false]
  for (const [, codes, plain] of line.matchAll(/(?:\u001b\[([\d;]*)m)?([^\u001b]*)/g)) {
    for (const code of codes === undefined ? [] : codes.split(';').map(Number)) {
      if (code === 0) [color, bold] = [COLOURS[39], false]
      else if (code === 1) bold = true
      else if (code === 22) bold = false
      else color = COLOURS[code] ?? color
    }
    if (plain !== '') found.push({ text: plain.replaceAll('\u000f', ''), color, bold })
  }
  return found
}

function escaped(shown) {
  // Spaces that no viewer draws together.
  return shown.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll(' ', '\u00a0')
}
