/** Browsers limit the height of an element, Firefox to 17.8 million px; 10 million lines of 20 px are 200 million. */
export const tallest = 10_000_000

/** Scale maps a height of content that may be larger than any element to what a scroll bar can show. */
export class Scale {
  /** Height of the element that scrolls. */
  readonly element: number
  private readonly from: number
  private readonly to: number

  /** content and view are in px: all rows, and what is seen of them at once. */
  constructor(content: number, view: number) {
    this.element = Math.min(content, Math.max(tallest, view))
    this.from = Math.max(content - view, 0)
    this.to = Math.max(this.element - view, 0)
  }

  /** exact says that one px of the scroll bar is one of the content. */
  get exact(): boolean {
    return this.from === this.to
  }

  /** contentTop is the top of what is seen, at a position of the scroll bar. */
  contentTop(scrollTop: number): number {
    if (this.to === 0) return 0
    return Math.min(Math.max((scrollTop / this.to) * this.from, 0), this.from)
  }

  scrollTop(contentTop: number): number {
    if (this.from === 0) return 0
    return Math.min(Math.max((contentTop / this.from) * this.to, 0), this.to)
  }
}
