import { plain } from './ansi'

/** Marker is a line that begins or ends a group. */
export type Marker = { title: string } | 'end'

/** Finds lines with markers on the server. Colours may stand before them. */
export const markerPattern = '^(\\x1b\\[[0-9;:]*m)*(::(end)?group::|##\\[(end)?group\\])'

/** markerOf reads the markers of GitHub ("::group::title") and Azure ("##[group]title"). */
export function markerOf(text: string): Marker | undefined {
  if (!text.includes('group')) return undefined
  const found = /^(?:::(end)?group::|##\[(end)?group\])(.*)$/.exec(plain(text))
  if (!found) return undefined
  return found[1] || found[2] ? 'end' : { title: found[3]?.trim() || 'Group' }
}

/** Group is from its first line, which names it, to its last; groups do not nest, as where the markers come from. */
export interface Group {
  first: number
  last: number
  title: string
  /** Its last line is a marker, which is not shown. */
  closed: boolean
  folded: boolean
}

/**
 * groupsOf makes groups of all markers of a log, in order. A group ends at its end marker, before the next group, or with
 * the log.
 */
export function groupsOf(markers: { number: number; text: string }[], total: number): Group[] {
  const groups: Group[] = []
  let open: Group | undefined
  for (const { number, text } of markers) {
    const marker = markerOf(text)
    if (!marker) continue
    if (open) groups.push(marker === 'end' ? { ...open, last: number, closed: true } : { ...open, last: number - 1 })
    open = marker === 'end' ? undefined : { first: number, last: number, title: marker.title, closed: false, folded: true }
  }
  // What a step printed last is why it failed, so a group that was never closed stays open.
  if (open) groups.push({ ...open, last: Math.max(total, open.first), folded: false })
  return groups
}

/** within is the group that a line belongs to. Groups are in order. */
export function within(groups: Group[], line: number): Group | undefined {
  let [low, high] = [0, groups.length - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    const group = groups[middle]
    if (!group) return undefined
    if (line < group.first) high = middle - 1
    else if (line > group.last) low = middle + 1
    else return group
  }
  return undefined
}

/** withGroup puts a group in its place; one that begins at the same line gives way. */
export function withGroup(groups: Group[], group: Group): Group[] {
  return [...groups.filter((g) => g.last < group.first), group, ...groups.filter((g) => g.first > group.last)]
}

/** hiddenBy are the ranges of lines that are not shown, in order. */
export function hiddenBy(groups: Group[]): [first: number, last: number][] {
  const hidden: [number, number][] = []
  for (const g of groups) {
    if (g.folded && g.last > g.first) hidden.push([g.first + 1, g.last])
    else if (!g.folded && g.closed) hidden.push([g.last, g.last])
  }
  return hidden
}
