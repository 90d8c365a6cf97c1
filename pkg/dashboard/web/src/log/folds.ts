/** Folds maps the lines of a step to the rows that show them, which are fewer where ranges of lines are hidden. */
export class Folds {
  readonly rows: number
  private readonly hidden: { first: number; last: number; before: number }[]

  /** total is the number of lines; hidden ranges are in order and do not meet line 1. */
  constructor(total: number, hidden: [first: number, last: number][]) {
    let before = 0
    this.hidden = []
    for (const [first, end] of hidden) {
      const last = Math.min(end, total)
      if (last < first) continue
      this.hidden.push({ first, last, before })
      before += last - first + 1
    }
    this.rows = total - before
  }

  /** rowOf is the row of a line, from 0; of a hidden line, the row before the range. */
  rowOf(line: number): number {
    const range = this.search((r) => r.first <= line)
    if (!range) return line - 1
    if (line <= range.last) return range.first - 2 - range.before
    return line - 1 - range.before - (range.last - range.first + 1)
  }

  /** lineOf is the number of the line that a row shows. */
  lineOf(row: number): number {
    const range = this.search((r) => r.first - 1 - r.before <= row)
    if (!range) return row + 1
    return row + 1 + range.before + (range.last - range.first + 1)
  }

  /** search finds the last range for which a condition holds that holds for none behind the first for which it does not. */
  private search(holds: (range: { first: number; last: number; before: number }) => boolean) {
    let [low, high] = [0, this.hidden.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const range = this.hidden[middle]
      if (range && holds(range)) low = middle + 1
      else high = middle
    }
    return this.hidden[low - 1]
  }
}
