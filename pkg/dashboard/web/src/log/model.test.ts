import { describe, expect, test } from 'vitest'
import { LineCache, pageLines } from './cache'
import { Folds } from './folds'
import { groupsOf, hiddenBy, markerOf, withGroup, within } from './groups'
import { headHeight, Layout, lineHeight } from './layout'
import { Scale, tallest } from './scale'

const lines = (first: number, last: number, text = 'x') => Array.from({ length: last - first + 1 }, (_, i) => ({ number: first + i, text }))

describe('markers', () => {
  test.each([
    ['::group::Install', { title: 'Install' }],
    ['::group::', { title: 'Group' }],
    ['\u001b[36m##[group]Build', { title: 'Build' }],
    ['::endgroup::', 'end'],
    ['##[endgroup]', 'end'],
    ['echo ::group::no', undefined],
    ['a group', undefined],
  ])('%s', (text, want) => expect(markerOf(text)).toEqual(want))
})

describe('groups', () => {
  const of = (...markers: [number, string][]) => groupsOf(markers.map(([number, text]) => ({ number, text })), 100)
  test('end at their marker, before the next, or with the log', () => {
    expect(of([2, '::group::a'], [5, '::endgroup::'], [7, '::group::b'], [9, '::group::c']).map((g) => [g.first, g.last, g.closed, g.folded])).toEqual([[2, 5, true, true], [7, 8, false, true], [9, 100, false, false]])
  })
  test('an end without a start is nothing', () => expect(of([3, '::endgroup::'])).toEqual([]))
  test('hide their lines when folded, and their end marker always', () => {
    const [a, b] = of([2, '::group::a'], [5, '::endgroup::'], [7, '::group::b'], [9, '::endgroup::'])
    expect(hiddenBy([a!, { ...b!, folded: false }])).toEqual([[3, 5], [9, 9]])
  })
  test('are found by a line of theirs', () => {
    const groups = of([2, '::group::a'], [5, '::endgroup::'], [7, '::group::b'])
    expect([1, 2, 5, 6, 7, 50].map((n) => within(groups, n)?.title)).toEqual([undefined, 'a', 'a', undefined, 'b', 'b'])
  })
  test('take the place of what they overlap', () => {
    const groups = of([2, '::group::a'], [5, '::endgroup::'], [7, '::group::b'], [9, '::endgroup::'])
    expect(withGroup(groups, { ...groups[0]!, folded: false }).map((g) => [g.title, g.folded])).toEqual([['a', false], ['b', true]])
  })
})

describe('folds', () => {
  const folds = new Folds(20, [[3, 5], [9, 9], [18, 30]])
  test('have fewer rows than lines', () => expect(folds.rows).toBe(13))
  test('a row leads to its line and back', () => {
    const shown = Array.from({ length: folds.rows }, (_, row) => folds.lineOf(row))
    expect(shown).toEqual([1, 2, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17])
    expect(shown.map((line) => folds.rowOf(line))).toEqual(shown.map((_, row) => row))
  })
  test('a hidden line is at the row before', () => {
    expect(folds.rowOf(4)).toBe(1)
    expect(folds.rowOf(9)).toBe(4)
    expect(folds.rowOf(20)).toBe(12)
  })
})

describe('the layout', () => {
  const layout = new Layout([{ key: 'a', rows: 0 }, { key: 'b', rows: 10_000_000 }, { key: 'c', rows: 2 }])
  test('counts rows and px', () => {
    expect(layout.rows).toBe(10_000_005)
    expect(layout.height).toBe(3 * headHeight + 10_000_002 * lineHeight)
  })
  test('a row leads to its section and back', () => {
    for (const [row, key, index] of [[0, 'a', -1], [1, 'b', -1], [2, 'b', 0], [10_000_001, 'b', 9_999_999], [10_000_002, 'c', -1], [10_000_004, 'c', 1]] as const) {
      expect(layout.locate(row)).toEqual({ key, index })
      expect(layout.rowOf(key, index)).toBe(row)
      expect(layout.rowAt(layout.topOf(row))).toEqual({ row, offset: 0 })
    }
  })
  test('nothing is outside', () => {
    expect(layout.locate(10_000_005)).toBeUndefined()
    expect(layout.rowOf('z', 0)).toBeUndefined()
    expect(layout.rowOf('c', 99)).toBe(10_000_004)
    expect(layout.rowAt(-5)).toEqual({ row: 0, offset: 0 })
    expect(layout.rowAt(layout.height).row).toBe(10_000_004)
    expect(new Layout([]).rowAt(0)).toEqual({ row: 0, offset: 0 })
  })
})

describe('the scale', () => {
  test('is exact while the content fits into an element', () => {
    const scale = new Scale(50_000, 600)
    expect(scale.exact).toBe(true)
    expect(scale.contentTop(1234)).toBe(1234)
  })
  test('reaches both ends of what does not fit', () => {
    const scale = new Scale(200_000_000, 600)
    expect(scale.exact).toBe(false)
    expect(scale.element).toBe(tallest)
    expect(scale.contentTop(0)).toBe(0)
    expect(scale.contentTop(tallest - 600)).toBe(200_000_000 - 600)
    expect(scale.contentTop(scale.scrollTop(123_456_789))).toBeCloseTo(123_456_789, 0)
  })
  test('content that is less than the view does not scroll', () => {
    const scale = new Scale(100, 600)
    expect([scale.element, scale.contentTop(10), scale.scrollTop(10)]).toEqual([100, 0, 0])
  })
})

describe('the cache', () => {
  test('knows what is missing, page by page', () => {
    const cache = new LineCache()
    cache.total = 1200
    cache.put(lines(1, 500))
    cache.put(lines(510, 520))
    expect(cache.missing(1, 500)).toBeUndefined()
    expect(cache.missing(1, 2000)).toEqual([501, 509])
    expect(cache.missing(515, 2000)).toEqual([521, 1000])
    expect(cache.missing(1001, 2000)).toEqual([1001, 1200])
    expect(cache.missing(1300, 1400)).toBeUndefined()
  })
  test('grows with lines that come', () => {
    const cache = new LineCache()
    cache.put(lines(7, 9))
    expect(cache.total).toBe(9)
    expect(cache.get(8)?.text).toBe('x')
    expect(cache.missing(1, 9)).toEqual([1, 6])
  })
  test('drops what was not used for long', () => {
    const cache = new LineCache()
    cache.total = 1_000_000
    cache.put(lines(1, 1000))
    for (let page = 10; page < 140; page++) {
      cache.use(501, 1000)
      cache.put(lines(page * pageLines + 1, (page + 1) * pageLines))
    }
    expect(cache.get(1)).toBeUndefined()
    expect(cache.get(501)?.number).toBe(501)
    expect(cache.get(139 * pageLines + 1)).toBeDefined()
  })
  test('long lines count more', () => {
    const cache = new LineCache()
    cache.total = 1_000_000
    const long = 'x'.repeat(8192)
    for (let page = 0; page < 10; page++) cache.put(lines(page * pageLines + 1, (page + 1) * pageLines, long))
    expect(cache.get(1)).toBeUndefined()
    expect(cache.get(9 * pageLines + 1)).toBeDefined()
  })
})
