import { headHeight, lineHeight } from './layout'
import type { Range } from './loader'
import type { LogStore } from './store'

/**
 * Anchor is what stays where it is while lines come, steps open and groups fold: a line of a step (0 is its head) whose top
 * is offset px above the top of the view, or the end of a step at the bottom of the view.
 */
export type Anchor = { key: string; line: number; offset: number } | { key: string; end: true }

export const top: Anchor = { key: '', line: 0, offset: 0 }

/** Window is the rows that are in the document: those that are seen, and some around them. */
export interface Window {
  first: number
  last: number
  /** The row that the anchor means. */
  row: number
}

/** windowOf chooses the rows to render for an anchor in a view of so many px. */
export function windowOf(store: LogStore, anchor: Anchor, view: number): Window {
  const { rows } = store.layout()
  const seen = Math.ceil(view / lineHeight)
  const over = Math.ceil(seen / 2) + 6
  const end = 'end' in anchor
  const row = (end ? endRow(store, anchor.key) : store.rowOf(anchor.key, anchor.line)) ?? 0
  const from = end ? row - seen - over : row - over
  const last = Math.min(end ? row + over : row + seen + over, rows - 1)
  return { first: Math.max(Math.min(from, last - seen - over), 0), last, row }
}

/** Heads below the end of a step that are seen with it, so that a reader knows what comes. */
const headsBelow = 3

function endRow(store: LogStore, key: string): number | undefined {
  let row = store.lastRow(key)
  for (let i = 0; row !== undefined && i < headsBelow; i++) {
    const below = store.row(row + 1)
    if (below?.kind !== 'head' || store.isOpen(below.key)) break
    row++
  }
  return row
}

/** anchorAt is the anchor for a row and a distance below its top. */
export function anchorAt(store: LogStore, row: number, offset: number): Anchor {
  const shown = store.row(row)
  if (!shown) return top
  if (shown.kind === 'line') return { key: shown.key, line: shown.number, offset }
  if (shown.kind === 'head') return { key: shown.key, line: 0, offset }
  const total = store.total(shown.key)
  const above = row - (store.rowOf(shown.key, total) ?? row)
  const height = total > 0 ? above * lineHeight : headHeight + (above - 1) * lineHeight
  return { key: shown.key, line: total, offset: offset + height }
}

/** rangesOf are the lines that a window shows, and some beside them that a reader may scroll to next. */
export function rangesOf(store: LogStore, { first, last }: Window, beside: number): Range[] {
  const ranges: Range[] = []
  for (let row = first; row <= last; row++) {
    const shown = store.row(row)
    const before = ranges.at(-1)
    if (shown?.kind === 'note' && store.total(shown.key) === 0) ranges.push({ step: shown.key, first: 1, last: 1 })
    if (shown?.kind !== 'line') continue
    if (before?.step === shown.key && before.last === shown.number - 1) before.last = shown.number
    else ranges.push({ step: shown.key, first: shown.number, last: shown.number })
  }
  const [above, below] = [ranges[0], ranges.at(-1)]
  if (below) ranges.push({ step: below.step, first: below.last + 1, last: below.last + beside })
  if (above && above.first > 1) ranges.push({ step: above.step, first: Math.max(above.first - beside, 1), last: above.first - 1 })
  return ranges
}
