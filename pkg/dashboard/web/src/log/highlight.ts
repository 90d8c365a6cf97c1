import type { Span } from './ansi'

/** Mark is a span that may be part of a match. */
export interface Mark extends Span {
  hit: boolean
}

/** Longest number of matches that are marked in one line; a pattern such as "." matches everywhere. */
const most = 200

/** mark splits spans where matches of a pattern begin and end. The pattern needs the flag g. */
export function mark(spans: Span[], pattern: RegExp | undefined): Mark[] {
  if (!pattern) return spans.map((s) => ({ ...s, hit: false }))
  const hits = find(spans.map((s) => s.text).join(''), pattern)
  const marks: Mark[] = []
  let at = 0
  for (const span of spans) {
    for (const piece of cut(at, at + span.text.length, hits)) {
      marks.push({ ...span, text: span.text.slice(piece.from - at, piece.to - at), hit: piece.hit })
    }
    at += span.text.length
  }
  return marks
}

interface Piece {
  from: number
  to: number
  hit: boolean
}

function find(text: string, pattern: RegExp): Piece[] {
  const hits: Piece[] = []
  for (const match of text.matchAll(pattern)) {
    if (match[0].length > 0) hits.push({ from: match.index, to: match.index + match[0].length, hit: true })
    if (hits.length >= most) break
  }
  return hits
}

function cut(from: number, to: number, hits: Piece[]): Piece[] {
  const pieces: Piece[] = []
  let at = from
  for (const hit of hits) {
    const start = Math.max(hit.from, at)
    const end = Math.min(hit.to, to)
    if (end <= start) continue
    if (start > at) pieces.push({ from: at, to: start, hit: false })
    pieces.push({ from: start, to: end, hit: true })
    at = end
  }
  if (at < to) pieces.push({ from: at, to, hit: false })
  return pieces
}
