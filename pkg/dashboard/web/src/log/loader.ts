import type { Lines } from '../api/schema'
import type { Source } from './source'

/** Range is a stretch of lines of a step, both ends included. */
export interface Range {
  step: string
  first: number
  last: number
}

interface Host {
  /** missing is the first stretch within a range that is still to be read. */
  missing: (range: Range) => [first: number, last: number] | undefined
  loaded: (step: string, lines: Lines) => void
  failed: (step: string, error: unknown) => void
}

/** Requests at once; browsers allow six to a host, and the page has others. */
const most = 2
const firstWait = 1_000
const longestWait = 30_000

interface Flight extends Range {
  abort: AbortController
}

/**
 * Loader reads the lines that are wanted now, nearest first. What is wanted no more is given up, so that a reader who drags
 * the scroll bar over millions of lines waits for the last place only. After a fault it tries again, with growing pauses.
 */
export class Loader {
  private wanted: Range[] = []
  private flights: Flight[] = []
  private failures = 0
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly source: Source,
    private readonly host: Host,
  ) {}

  /** want replaces what is wanted. */
  want(ranges: Range[]) {
    this.wanted = ranges
    for (const flight of this.flights) if (!ranges.some((r) => meets(r, flight))) flight.abort.abort()
    this.flights = this.flights.filter((f) => !f.abort.signal.aborted)
    this.pump()
  }

  /** stop gives everything up. */
  stop() {
    this.want([])
    clearTimeout(this.timer)
    this.timer = undefined
  }

  private pump() {
    if (this.timer) return
    for (const range of this.wanted) {
      if (this.flights.length >= most) return
      const missing = this.host.missing(range)
      if (!missing) continue
      const next = { step: range.step, first: missing[0], last: missing[1] }
      if (!this.flights.some((f) => meets(f, next))) void this.fly({ ...next, abort: new AbortController() })
    }
  }

  private async fly(flight: Flight) {
    this.flights.push(flight)
    try {
      const lines = await this.source.lines(flight.step, flight.first, flight.last, flight.abort.signal)
      if (flight.abort.signal.aborted) return
      const before = this.host.missing(flight)
      this.host.loaded(flight.step, lines)
      if (before && this.host.missing(flight)?.[0] === before[0]) throw new Error('The server does not have these lines yet.')
      this.failures = 0
    } catch (err) {
      if (flight.abort.signal.aborted) return
      this.host.failed(flight.step, err)
      this.rest()
    } finally {
      this.flights = this.flights.filter((f) => f !== flight)
    }
    this.pump()
  }

  private rest() {
    clearTimeout(this.timer)
    this.timer = setTimeout(
      () => {
        this.timer = undefined
        this.pump()
      },
      Math.min(firstWait * 2 ** this.failures++, longestWait),
    )
  }
}

function meets(a: Range, b: Range): boolean {
  return a.step === b.step && a.first <= b.last && b.first <= a.last
}
