/** Heights in px that rows have as long as lines are not wrapped. */
export const lineHeight = 20
export const headHeight = 38

/** Section is a step: its head, and the rows below it, which are 0 while it is closed. */
export interface Section {
  key: string
  rows: number
}

interface Placed extends Section {
  /** Row of its head, counted over all sections, and that row's top in px. */
  row: number
  top: number
}

/** Layout puts sections below each other. Rows count from 0 over all sections; nothing is stored for a single row. */
export class Layout {
  readonly rows: number
  readonly height: number
  private readonly placed: Placed[] = []

  constructor(sections: Section[]) {
    let [row, top] = [0, 0]
    for (const section of sections) {
      this.placed.push({ ...section, row, top })
      row += 1 + section.rows
      top += headHeight + section.rows * lineHeight
    }
    this.rows = row
    this.height = top
  }

  /** locate says what a row shows: a section, and its row below the head, which is -1 for the head itself. */
  locate(row: number): { key: string; index: number } | undefined {
    const section = this.find((s) => s.row <= row)
    if (!section || row > section.row + section.rows) return undefined
    return { key: section.key, index: row - section.row - 1 }
  }

  /** rowOf is the row of a section's head (index -1) or of a row below it, at most the section's last. */
  rowOf(key: string, index: number): number | undefined {
    const section = this.placed.find((s) => s.key === key)
    return section && section.row + 1 + Math.min(Math.max(index, -1), section.rows - 1)
  }

  topOf(row: number): number {
    const section = this.find((s) => s.row <= row)
    if (!section) return 0
    return row === section.row ? section.top : section.top + headHeight + (row - section.row - 1) * lineHeight
  }

  /** rowAt is the row at a height in px, and how far below its top that is. */
  rowAt(px: number): { row: number; offset: number } {
    const section = this.find((s) => s.top <= px)
    if (!section || px < 0) return { row: 0, offset: 0 }
    const below = px - section.top - headHeight
    if (below < 0 || section.rows === 0) return { row: section.row, offset: Math.min(px - section.top, headHeight) }
    const index = Math.min(Math.floor(below / lineHeight), section.rows - 1)
    return { row: section.row + 1 + index, offset: Math.min(below - index * lineHeight, lineHeight) }
  }

  private find(holds: (section: Placed) => boolean): Placed | undefined {
    let [low, high] = [0, this.placed.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const section = this.placed[middle]
      if (section && holds(section)) low = middle + 1
      else high = middle
    }
    return this.placed[low - 1]
  }
}
