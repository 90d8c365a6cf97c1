/** Span is a piece of a line in one style. Colours of the palette are classes; others are CSS colours. */
export interface Span {
  text: string
  className: string
  color?: string
  background?: string
}

/** A colour is a number of the palette of 16, or a CSS colour. */
type Colour = number | string | undefined

interface Style {
  fg: Colour
  bg: Colour
  marks: Set<string>
}

const sequence = /\u001b\[([0-9;:]*)m/g

/** plain is a line without its colours. */
export function plain(text: string): string {
  return text.includes('\u001b') ? text.replace(sequence, '') : text
}

/**
 * spans splits a line by its colours and weights (SGR). Each line begins without any: a log is read from everywhere, so
 * what lines before it left on cannot count.
 */
export function spans(text: string): Span[] {
  if (!text.includes('\u001b')) return text ? [{ text, className: '' }] : []
  const found: Span[] = []
  const style: Style = { fg: undefined, bg: undefined, marks: new Set() }
  let at = 0
  for (const match of text.matchAll(sequence)) {
    if (match.index > at) found.push(spanOf(text.slice(at, match.index), style))
    apply(style, match[1] ?? '')
    at = match.index + match[0].length
  }
  if (at < text.length) found.push(spanOf(text.slice(at), style))
  return found
}

const weights: Record<number, string> = { 1: 'bold', 2: 'dim', 3: 'italic', 4: 'underline', 7: 'inverse', 8: 'hidden', 9: 'strike' }
const ends: Record<number, string[]> = { 22: ['bold', 'dim'], 23: ['italic'], 24: ['underline'], 27: ['inverse'], 28: ['hidden'], 29: ['strike'] }

function apply(style: Style, parameters: string) {
  const codes = parameters.split(/[;:]/).map(Number)
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0
    if (code === 38 || code === 48) {
      const { colour, used } = extended(codes.slice(i + 1), parameters.includes(':'))
      if (code === 38) style.fg = colour
      else style.bg = colour
      i += used
    } else {
      one(style, code)
    }
  }
}

function one(style: Style, code: number) {
  const weight = weights[code]
  if (code === 0) {
    style.fg = style.bg = undefined
    style.marks.clear()
  } else if (weight) style.marks.add(weight)
  else if (ends[code]) for (const mark of ends[code]) style.marks.delete(mark)
  else if (code >= 30 && code <= 37) style.fg = code - 30
  else if (code >= 90 && code <= 97) style.fg = code - 82
  else if (code === 39) style.fg = undefined
  else if (code >= 40 && code <= 47) style.bg = code - 40
  else if (code >= 100 && code <= 107) style.bg = code - 92
  else if (code === 49) style.bg = undefined
}

/** extended reads 5;n or 2;r;g;b; with colons there may be a colour space before r. */
function extended(codes: number[], colons: boolean): { colour: Colour; used: number } {
  if (codes[0] === 5) return { colour: indexed(codes[1] ?? 0), used: 2 }
  if (codes[0] !== 2) return { colour: undefined, used: codes.length }
  const skip = colons && codes.length >= 5 ? 2 : 1
  const [r = 0, g = 0, b = 0] = codes.slice(skip, skip + 3).map((n) => Math.min(n, 255))
  return { colour: `rgb(${r} ${g} ${b})`, used: skip + 3 }
}

/** indexed is a colour of the palette of 256: 16 named ones, a cube of 6 × 6 × 6, and 24 greys. */
function indexed(n: number): Colour {
  if (n < 16) return n
  if (n > 255) return undefined
  if (n >= 232) {
    const grey = 8 + (n - 232) * 10
    return `rgb(${grey} ${grey} ${grey})`
  }
  const level = (i: number) => (i === 0 ? 0 : 55 + i * 40)
  const c = n - 16
  return `rgb(${level(Math.floor(c / 36))} ${level(Math.floor(c / 6) % 6)} ${level(c % 6)})`
}

function spanOf(text: string, style: Style): Span {
  let { fg, bg } = style
  const classes = [...style.marks].filter((m) => m !== 'inverse').map((m) => `ansi-${m}`)
  if (style.marks.has('inverse')) {
    ;[fg, bg] = [bg, fg]
    if (fg === undefined) classes.push('ansi-fg-page')
    if (bg === undefined) classes.push('ansi-bg-text')
  }
  if (typeof fg === 'number') classes.push(`ansi-fg-${fg}`)
  if (typeof bg === 'number') classes.push(`ansi-bg-${bg}`)
  if (typeof fg === 'string') classes.push('ansi-own-fg')
  if (typeof bg === 'string') classes.push('ansi-own-bg')
  return {
    text,
    className: classes.join(' '),
    ...(typeof fg === 'string' && { color: fg }),
    ...(typeof bg === 'string' && { background: bg }),
  }
}
