import type { StepLine } from '../api/schema'
import type { Source } from './source'

export interface Match extends StepLine {
  step: string
}

/** Found is a search as far as it went. */
export interface Found {
  query: string
  matches: Match[]
  /** Index of the match that is shown; -1 is none. */
  current: number
  busy: boolean
  /** Nothing is left to search. */
  whole: boolean
  /** Bytes read. */
  scanned: number
  error?: string
}

export const nothingFound: Found = { query: '', matches: [], current: -1, busy: false, whole: true, scanned: 0 }

/** Matches that are asked for at a time. */
const batch = 200

/**
 * Search looks for a pattern in the steps of a run, one after another, and stops when it has a batch of matches; going on
 * behind the last one looks for more.
 */
export class Search {
  found = nothingFound
  private places: { step: string; from: number }[] = []
  private abort = new AbortController()
  private first?: (match: Match) => void

  constructor(
    private readonly source: Source,
    private readonly tell: (found: Found) => void,
  ) {}

  /**
   * start forgets what was found and looks for a pattern; an empty one finds nothing. first is told of the first match, which
   * is the current one then, as soon as it is there.
   */
  async start(query: string, steps: string[], first?: (match: Match) => void) {
    this.first = first
    this.abort.abort()
    this.abort = new AbortController()
    this.places = query ? steps.map((step) => ({ step, from: 1 })) : []
    this.set({ ...nothingFound, query, whole: this.places.length === 0 })
    await this.more()
  }

  /** more looks for the next batch. */
  async more() {
    if (this.found.busy || this.found.whole) return
    const { signal } = this.abort
    const goal = this.found.matches.length + batch
    this.set({ ...this.found, busy: true, error: undefined })
    try {
      while (this.places.length > 0 && this.found.matches.length < goal) await this.page(goal, signal)
      if (!signal.aborted) this.set({ ...this.found, busy: false, whole: this.places.length === 0 })
    } catch (err) {
      if (!signal.aborted) this.set({ ...this.found, busy: false, error: err instanceof Error ? err.message : String(err) })
    }
  }

  private async page(goal: number, signal: AbortSignal) {
    const place = this.places[0]
    if (!place) return
    const page = await this.source.search(place.step, this.found.query, place.from, goal - this.found.matches.length, signal)
    signal.throwIfAborted()
    if (page.next && page.next > place.from) place.from = page.next
    else this.places.shift()
    const matches = [...this.found.matches, ...page.matches.map((m) => ({ ...m, step: place.step }))]
    this.set({ ...this.found, matches, scanned: this.found.scanned + page.scanned })
    if (matches.length === 0 || !this.first) return
    const match = this.found.current < 0 ? this.select(0) : undefined
    if (match) this.first(match)
    this.first = undefined
  }

  /** move goes to the next match (1) or the one before (-1), around the ends, and returns it; where it is still searching, to none. */
  async move(by: 1 | -1): Promise<Match | undefined> {
    if (by === 1 && this.atLast() && !this.found.whole) {
      if (this.found.busy) return undefined
      await this.more()
    }
    const count = this.found.matches.length
    if (count === 0) return undefined
    const { current } = this.found
    return this.select(current < 0 ? (by === 1 ? 0 : count - 1) : (current + by + count) % count)
  }

  private atLast(): boolean {
    return this.found.current === this.found.matches.length - 1
  }

  select(index: number): Match | undefined {
    const match = this.found.matches[index]
    if (match) this.set({ ...this.found, current: index })
    return match
  }

  private set(found: Found) {
    this.found = found
    this.tell(found)
  }
}
