import type { StepLine } from '../api/schema'

/** Lines that are kept and dropped together. */
export const pageLines = 500

/** How much of a step is kept: at most so many lines, and about so many characters. */
const mostPages = 120
const mostCharacters = 16_000_000

interface Page {
  lines: (StepLine | undefined)[]
  known: number
  characters: number
}

/** LineCache keeps the lines of a step that were read last, in pages; lines between may be missing. */
export class LineCache {
  /** Number of lines known so far. */
  total = 0
  /** In order of their last use. */
  private readonly pages = new Map<number, Page>()
  private characters = 0

  get(number: number): StepLine | undefined {
    return this.pages.get(pageOf(number))?.lines[(number - 1) % pageLines]
  }

  /** put adds lines, and drops pages that were not used for long. */
  put(lines: StepLine[]) {
    for (const line of lines) {
      if (line.number < 1) continue
      this.add(line)
      this.total = Math.max(this.total, line.number)
    }
    for (const [index, page] of this.pages) {
      if (this.pages.size <= 2 || (this.pages.size <= mostPages && this.characters <= mostCharacters)) break
      this.pages.delete(index)
      this.characters -= page.characters
    }
  }

  /** use marks the lines from first to last as used now. */
  use(first: number, last: number) {
    for (let index = pageOf(first); index <= pageOf(last); index++) {
      const page = this.pages.get(index)
      if (!page) continue
      this.pages.delete(index)
      this.pages.set(index, page)
    }
  }

  /** missing is the first stretch of lines between first and last that is not here, within one page. */
  missing(first: number, last: number): [first: number, last: number] | undefined {
    const end = Math.min(last, this.total)
    for (let n = Math.max(first, 1); n <= end; n++) {
      const page = this.pages.get(pageOf(n))
      if (page?.known === pageLines) n = (pageOf(n) + 1) * pageLines
      else if (!page?.lines[(n - 1) % pageLines]) return [n, this.stretch(n, page)]
    }
    return undefined
  }

  private stretch(from: number, page: Page | undefined): number {
    const end = Math.min((pageOf(from) + 1) * pageLines, this.total)
    let last = from
    while (last < end && !page?.lines[last % pageLines]) last++
    return last
  }

  private add(line: StepLine) {
    const index = pageOf(line.number)
    let page = this.pages.get(index)
    if (!page) {
      page = { lines: new Array<undefined>(pageLines).fill(undefined), known: 0, characters: 0 }
      this.pages.set(index, page)
    }
    const slot = (line.number - 1) % pageLines
    if (page.lines[slot]) return
    page.lines[slot] = line
    page.known++
    page.characters += line.text.length
    this.characters += line.text.length
  }
}

function pageOf(number: number): number {
  return Math.floor((number - 1) / pageLines)
}
