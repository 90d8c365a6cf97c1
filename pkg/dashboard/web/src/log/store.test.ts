import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Lines, Matches, Step } from '../api/schema'
import { anchorAt, rangesOf, windowOf } from './anchor'
import { nextError } from './errors'
import { newest, openingOf, suspects } from './opening'
import { Search } from './search'
import type { Source } from './source'
import { LogStore } from './store'

const step = (task: string, name: string, change: Partial<Step> = {}): Step => ({ task, step: name, kind: 'step', state: 'success', lines: 0, ...change })

/** sourceOf serves texts of steps; it gives at most 100 lines at once and scans 50 per request. */
function sourceOf(texts: Record<string, string[]>) {
  const asked: string[] = []
  const source: Source = {
    lines: (key, first, last): Promise<Lines> => {
      asked.push(`${key}:${first}-${last}`)
      const all = texts[key] ?? []
      const end = Math.min(last, first + 99, all.length)
      const lines = all.slice(first - 1, end).map((text, i) => ({ number: first + i, text }))
      return Promise.resolve({ lines, total: all.length, complete: true })
    },
    search: (key, q, from, limit): Promise<Matches> => {
      if (q === '(') return Promise.reject(new Error('bad pattern'))
      const all = texts[key] ?? []
      const end = Math.min(from + 49, all.length)
      const matches = []
      let n = from
      for (; n <= end && matches.length < limit; n++) if (new RegExp(q).test(all[n - 1] ?? '')) matches.push({ number: n, text: all[n - 1] ?? '' })
      return Promise.resolve({ matches, total: all.length, complete: true, scanned: 1, ...(n <= all.length && { next: n }) })
    },
    at: () => Promise.resolve({ line: 1 }),
  }
  return { source, asked }
}

const numbered = (n: number) => Array.from({ length: n }, (_, i) => `line ${i + 1}`)
const frames: (() => void)[] = []
const storeOf = (source: Source) => new LogStore(source, (run) => frames.push(run))

beforeEach(() => void frames.splice(0))

describe('the store', () => {
  test('reads what is wanted, also when the server gives less at once', async () => {
    const { source, asked } = sourceOf({ 'a/b': numbered(450) })
    const store = storeOf(source)
    store.setSteps([step('a', 'b', { lines: 450, bytes: 64 << 20 })])
    store.open('a/b')
    store.want([{ step: 'a/b', first: 1, last: 250 }])
    await vi.waitFor(() => expect(store.line('a/b', 250)?.text).toBe('line 250'))
    expect(asked[0]).toBe('a/b:1-450')
    expect(asked.length).toBeGreaterThan(1)
  })

  test('reads a step whose number of lines is unknown from its start', async () => {
    const { source } = sourceOf({ 'a/b': numbered(3) })
    const store = storeOf(source)
    store.setSteps([step('a', 'b')])
    store.open('a/b')
    expect(store.row(1)).toEqual({ kind: 'note', key: 'a/b', text: 'Loading…' })
    store.want(rangesOf(store, { first: 0, last: 1, row: 0 }, 10))
    await vi.waitFor(() => expect(store.total('a/b')).toBe(3))
    expect(store.layout().rows).toBe(4)
  })

  test('says why an open step shows nothing', async () => {
    const { source } = sourceOf({})
    const store = storeOf(source)
    store.setSteps([step('a', 'b'), step('a', 'c', { state: 'waiting' }), step('a', 'd', { state: 'running', incomplete: 'the pod was killed' })])
    for (const key of ['a/b', 'a/c', 'a/d']) store.open(key)
    store.want([{ step: 'a/b', first: 1, last: 1 }])
    await vi.waitFor(() => expect(store.row(1)).toMatchObject({ text: 'It printed nothing.' }))
    expect(store.row(3)).toMatchObject({ text: 'It has not begun.' })
    expect(store.row(5)).toMatchObject({ text: 'It has printed nothing yet.' })
    expect(store.row(6)).toMatchObject({ text: 'Lines may be missing: the pod was killed' })
  })

  test('folds the groups of a step that is over, and unfolds for a line that somebody asked for', async () => {
    const lines = numbered(100)
    lines[9] = '::group::Install'
    lines[39] = '::endgroup::'
    lines[59] = '::group::Build'
    const { source } = sourceOf({ 'a/b': lines })
    const store = storeOf(source)
    store.setSteps([step('a', 'b', { lines: 100, bytes: 1000 })])
    store.reveal('a/b', 70)
    await vi.waitFor(() => expect(store.layout().rows).toBe(1 + 100 - 30))
    expect(store.row(store.rowOf('a/b', 70) ?? 0)).toMatchObject({ number: 70, inside: true })
    expect(store.row(store.rowOf('a/b', 20) ?? 0)).toMatchObject({ number: 10, group: { title: 'Install', folded: true } })
    await store.toggleGroup('a/b', 10)
    expect(store.layout().rows).toBe(1 + 99) // the end marker stays hidden
  })

  test('looks up the end of a group in a log that is too large to know all', async () => {
    const lines = numbered(1000)
    lines[9] = '::group::Install'
    lines[699] = '::endgroup::'
    const { source } = sourceOf({ 'a/b': lines })
    source.search = vi.fn<Source['search']>(() => Promise.resolve({ matches: [{ number: 700, text: '::endgroup::' }], total: 1000, complete: true, scanned: 1 }))
    const store = storeOf(source)
    store.setSteps([step('a', 'b', { lines: 1000, bytes: 1 << 30 })])
    store.open('a/b')
    store.want([{ step: 'a/b', first: 1, last: 20 }])
    await vi.waitFor(() => expect(store.row(10)).toMatchObject({ number: 10, group: 'unknown' }))
    await store.toggleGroup('a/b', 10)
    expect(store.row(11)).toMatchObject({ number: 701 })
  })

  test('takes live lines, tells once per frame, and knows steps that it was not told of', () => {
    const store = storeOf(sourceOf({}).source)
    const told = vi.fn()
    store.subscribe(told)
    for (let n = 501; n <= 600; n++) store.add({ task: 'a', step: 'b', number: n, text: n === 510 ? '::group::x' : n === 520 ? '::endgroup::' : 'live' })
    expect(store.total('a/b')).toBe(600)
    expect(frames).toHaveLength(1)
    const before = store.version()
    frames.forEach((run) => run())
    expect(told).toHaveBeenCalledTimes(1)
    expect(store.version()).toBe(before + 1)
    store.open('a/b')
    expect(store.row(store.rowOf('a/b', 510) ?? 0)).toMatchObject({ group: { folded: false, last: 520 } })
  })

  test('a window over ten million lines is small, keeps its place while lines come, and ends at the end', () => {
    const store = storeOf(sourceOf({}).source)
    store.setSteps([step('a', 'b', { lines: 10_000_000 }), step('a', 'c', { lines: 3 })])
    store.open('a/b')
    const middle = windowOf(store, { key: 'a/b', line: 5_000_000, offset: 0 }, 600)
    expect(store.row(middle.row)).toMatchObject({ number: 5_000_000 })
    expect(middle.last - middle.first).toBeLessThan(120)
    expect(anchorAt(store, middle.row, 7)).toEqual({ key: 'a/b', line: 5_000_000, offset: 7 })
    const end = windowOf(store, { key: 'a/b', end: true }, 600)
    expect(store.row(end.row)).toEqual({ kind: 'head', key: 'a/c' })
    expect(rangesOf(store, middle, 100).every((r) => r.last - r.first < 200)).toBe(true)
  })
})

describe('reading that fails', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('is told in the log and tried again', async () => {
    const { source } = sourceOf({ 'a/b': numbered(5) })
    const lines = source.lines
    source.lines = () => Promise.reject(new Error('the store is down'))
    const store = storeOf(source)
    store.setSteps([step('a', 'b', { lines: 5 })])
    store.open('a/b')
    store.want([{ step: 'a/b', first: 1, last: 5 }])
    await vi.waitFor(() => expect(store.row(6)).toMatchObject({ text: expect.stringContaining('the store is down') as string }))
    source.lines = lines
    await vi.advanceTimersByTimeAsync(1_000)
    expect(store.line('a/b', 5)).toBeDefined()
    expect(store.layout().rows).toBe(6)
  })

  test('what is wanted no more is given up', () => {
    const { source } = sourceOf({})
    const signals: AbortSignal[] = []
    source.lines = (_, __, ___, signal) => (signals.push(signal), new Promise(() => {}))
    const store = storeOf(source)
    store.setSteps([step('a', 'b', { lines: 1_000_000 })])
    store.open('a/b')
    store.want([{ step: 'a/b', first: 1, last: 50 }])
    store.want([{ step: 'a/b', first: 900_001, last: 900_050 }])
    expect(signals.map((s) => s.aborted)).toEqual([true, false])
  })
})

describe('the search', () => {
  const texts = { 'a/b': numbered(120), 'a/c': numbered(30) }

  test('goes through the steps and around the ends', async () => {
    const search = new Search(sourceOf(texts).source, () => {})
    await search.start('line (7|77|25)$', ['a/b', 'a/c'])
    expect(search.found.matches.map((m) => `${m.step}:${m.number}`)).toEqual(['a/b:7', 'a/b:25', 'a/b:77', 'a/c:7', 'a/c:25'])
    expect(search.found).toMatchObject({ whole: true, busy: false, current: -1 })
    expect((await search.move(1))?.number).toBe(7)
    expect((await search.move(-1))?.step).toBe('a/c')
    expect((await search.move(1))?.step).toBe('a/b')
  })

  test('reads on behind the last match it has', async () => {
    const search = new Search(sourceOf({ 'a/b': numbered(500) }).source, () => {})
    await search.start('line', ['a/b'])
    expect(search.found).toMatchObject({ whole: false, matches: { length: 200 } })
    search.select(199)
    expect((await search.move(1))?.number).toBe(201)
  })

  test('tells of the first match before it has searched all', async () => {
    const search = new Search(sourceOf({ 'a/b': numbered(120) }).source, () => {})
    const seen: string[] = []
    await search.start('line (7|99)$', ['a/b'], (match) => seen.push(`${match.number} of ${search.found.matches.length}, ${search.found.whole ? 'all' : 'on'}`))
    expect(seen).toEqual(['7 of 1, on'])
    expect(search.found).toMatchObject({ current: 0, matches: { length: 2 }, whole: true })
  })

  test('a fault is told, and trying again goes on', async () => {
    const search = new Search(sourceOf(texts).source, () => {})
    await search.start('(', ['a/b'])
    expect(search.found).toMatchObject({ error: 'bad pattern', busy: false })
    await search.start('line 3$', ['a/b'])
    expect(search.found).toMatchObject({ error: undefined, matches: { length: 1 } })
  })

  test('a new search ends the one before', async () => {
    const search = new Search(sourceOf(texts).source, () => {})
    const first = search.start('line', ['a/b'])
    await search.start('line 9$', ['a/b'])
    await first
    expect(search.found.query).toBe('line 9$')
    expect(search.found.matches).toHaveLength(1)
  })
})

describe('errors', () => {
  const { source } = sourceOf({ 'a/b': [...numbered(200), 'panic: x', 'error: y'], 'a/c': ['ok', 'error: z'] })
  test('the first of any pattern', async () => {
    expect(await nextError(source, ['error:', 'panic:'], ['a/b', 'a/c'], 0)).toEqual({ step: 'a/b', line: 201 })
    expect(await nextError(source, ['error:', 'panic:'], ['a/b', 'a/c'], 202)).toEqual({ step: 'a/c', line: 2 })
    expect(await nextError(source, ['nothing'], ['a/b'], 0)).toBeUndefined()
  })
})

describe('what is shown first', () => {
  const running = step('b', 'x', { state: 'running', started: '2026-01-01T00:00:02Z' })
  test('the end of the step that failed', () => expect(openingOf([step('a', 'x'), step('b', 'x', { state: 'failure' }), running], true)).toEqual({ key: 'b/x', at: 'end' }))
  test('the step that runs, and no sidecar of it', () => {
    const side = step('b', 'side', { state: 'running', kind: 'sidecar', started: '2026-01-01T00:00:09Z' })
    expect(openingOf([step('a', 'x'), running, side], true)).toEqual({ key: 'b/x', at: 'follow' })
    expect(newest([side])).toBe(side)
  })
  test('the only step', () => expect(openingOf([step('a', 'x'), step('b', 'x', { state: 'skipped' })], true)).toEqual({ key: 'a/x', at: 'start' }))
  test('the list, when all went well', () => expect(openingOf([step('a', 'x'), step('b', 'x')], true)).toBeUndefined())
  test('the step that comes next, while the run goes on', () => {
    expect(openingOf([step('a', 'x'), step('b', 'x', { state: 'waiting' })], false)).toEqual({ key: 'b/x', at: 'follow' })
    expect(openingOf([step('a', 'x'), step('b', 'x')], false)).toEqual({ key: 'b/x', at: 'follow' })
    expect(openingOf([step('a', 'x'), step('b', 'x', { state: 'waiting' })], true)).toEqual({ key: 'a/x', at: 'start' })
  })
  test('errors are looked for where it failed', () => {
    expect(suspects([step('a', 'x'), step('b', 'x', { state: 'failure' })])).toEqual(['b/x'])
    expect(suspects([step('a', 'x'), step('b', 'x', { state: 'waiting' })])).toEqual(['a/x'])
  })
})
