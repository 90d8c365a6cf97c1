import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openEvents } from './events'

/** Node has no EventSource; this one does what the test tells it. */
class Source extends EventTarget {
  static readonly CLOSED = 2
  static all: Source[] = []
  readyState = 0
  onopen?: () => void
  onerror?: () => void
  readonly url: string

  constructor(url: string) {
    super()
    this.url = url
    Source.all.push(this)
  }

  close() {
    this.readyState = Source.CLOSED
  }

  say(name: string, data: unknown, lastEventId = '') {
    this.dispatchEvent(Object.assign(new Event(name), { data: JSON.stringify(data), lastEventId }))
  }

  refuse() {
    this.readyState = Source.CLOSED
    this.onerror?.()
  }
}

const page = Object.assign(new EventTarget(), { hidden: false })

function show(visible: boolean) {
  page.hidden = !visible
  page.dispatchEvent(new Event('visibilitychange'))
}

const states: string[] = []
const got: unknown[] = []
let stop = () => {}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('EventSource', Source)
  vi.stubGlobal('document', page)
  Source.all = []
  states.length = got.length = 0
  page.hidden = false
  stop = openEvents('/events?job=unit', { run: (data) => got.push(data) }, (state) => states.push(state))
})

afterEach(() => {
  stop()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const urls = () => Source.all.map((s) => s.url)

test('a server that refuses is asked again after growing pauses, behind the last event', () => {
  Source.all[0]?.say('run', { name: 'a' }, '7')
  Source.all[0]?.refuse()
  vi.advanceTimersByTime(999)
  expect(urls()).toHaveLength(1)
  vi.advanceTimersByTime(1)
  expect(urls()[1]).toBe('/events?job=unit&after=7')
  Source.all[1]?.refuse()
  vi.advanceTimersByTime(1999)
  expect(urls()).toHaveLength(2)
  vi.advanceTimersByTime(1)
  expect(urls()).toHaveLength(3)
  expect(got).toEqual([{ name: 'a' }])
})

test('a broken connection is left to the browser', () => {
  Source.all[0]?.onopen?.()
  Source.all[0]?.onerror?.()
  vi.runAllTimers()
  expect(states).toEqual(['open', 'waiting'])
  expect(urls()).toHaveLength(1)
})

test('a page that is hidden for long gives its connection back until it is shown', () => {
  show(false)
  vi.advanceTimersByTime(19_000)
  expect(Source.all[0]?.readyState).toBe(0)
  vi.advanceTimersByTime(1_000)
  expect(Source.all[0]?.readyState).toBe(Source.CLOSED)
  show(true)
  expect(urls()).toHaveLength(2)
})

test('a page that is hidden for a moment keeps its connection', () => {
  show(false)
  vi.advanceTimersByTime(5_000)
  show(true)
  vi.runAllTimers()
  expect(Source.all[0]?.readyState).toBe(0)
  expect(urls()).toHaveLength(1)
})

test('the end is the end, whatever happens to the page', () => {
  Source.all[0]?.say('end', {})
  show(false)
  show(true)
  vi.runAllTimers()
  expect(states).toEqual(['ended'])
  expect(urls()).toHaveLength(1)
})
