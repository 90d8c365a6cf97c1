import { describe, expect, test } from 'vitest'
import { spans } from './ansi'
import { goalOf } from './goto'
import { mark } from './highlight'
import { forBrowser, longestPattern, packed } from './patterns'
import { extended, hashOf, placeOf } from './place'
import { parsePrefs } from './prefs'
import { stamp } from './stamp'
import { count, size } from './words'

describe('places', () => {
  test.each([
    ['#build/test:L120-L130', { step: 'build/test', first: 120, last: 130 }],
    ['#build/test:L5', { step: 'build/test', first: 5, last: 5 }],
    ['#build/test:L9-3', { step: 'build/test', first: 3, last: 9 }],
    ['#build/test', { step: 'build/test', first: 0, last: 0 }],
    ['#build%2Ftest:L5', { step: 'build/test', first: 5, last: 5 }],
    ['#main', undefined],
    ['#build/test:L0', undefined],
    ['#a/b/c:L1', undefined],
    ['#%', undefined],
    ['', undefined],
  ])('%s', (hash, want) => {
    expect(placeOf(hash)).toEqual(want)
    if (want) expect(placeOf(hashOf(want))).toEqual(want)
  })
  test('shift extends within a step', () => {
    const place = { step: 'a/b', first: 5, last: 5 }
    expect(extended(place, 'a/b', 9)).toEqual({ step: 'a/b', first: 5, last: 9 })
    expect(extended(place, 'a/b', 2)).toEqual({ step: 'a/b', first: 2, last: 5 })
    expect(extended(place, 'a/c', 2)).toEqual({ step: 'a/c', first: 2, last: 2 })
    expect(extended(undefined, 'a/c', 2)).toEqual({ step: 'a/c', first: 2, last: 2 })
  })
})

describe('goals', () => {
  const started = new Date(2026, 1, 3, 23, 50).getTime()
  test.each([
    ['120000', { line: 120_000 }],
    ['1,234,567', { line: 1_234_567 }],
    ['L42', { line: 42 }],
    ['23:51', { time: new Date(2026, 1, 3, 23, 51).getTime() }],
    ['00:10:02.5', { time: new Date(2026, 1, 4, 0, 10, 2, 500).getTime() }],
    ['2026-02-03T10:00:00Z', { time: Date.UTC(2026, 1, 3, 10) }],
    ['0', undefined],
    ['25:00', undefined],
    ['soon', undefined],
    ['', undefined],
  ])('%s', (text, want) => expect(goalOf(text, started)).toEqual(want))
})

describe('patterns', () => {
  test('flags of RE2 become flags', () => {
    expect(forBrowser('(?i)\\berror:')?.flags).toBe('gi')
    expect('x Error: y'.match(forBrowser('(?i)\\berror:')!)?.[0]).toBe('Error:')
  })
  test('classes and names of RE2', () => {
    expect('ab12'.match(forBrowser('(?P<n>[[:digit:]]+)')!)?.[0]).toBe('12')
  })
  test('what only RE2 has, or nobody, is not marked', () => {
    expect(forBrowser('\\Qa.b\\E')).toBeUndefined()
    expect(forBrowser('(')).toBeUndefined()
    expect(forBrowser('')).toBeUndefined()
  })
  test('are packed up to the limit', () => {
    expect(packed(['a', 'b|c'])).toEqual(['(?:a)|(?:b|c)'])
    const packs = packed(Array.from({ length: 300 }, (_, i) => `pattern${i}`))
    expect(packs.length).toBeGreaterThan(1)
    expect(Math.max(...packs.map((p) => p.length))).toBeLessThanOrEqual(longestPattern)
    expect(packs.join('|').split('|').length).toBe(300)
    expect(packed(['x'.repeat(longestPattern)])).toEqual([])
  })
})

describe('marks', () => {
  test('cross colours', () => {
    const marks = mark(spans('a\u001b[31mbc\u001b[0md'), /bcd?/g)
    expect(marks.map((m) => [m.text, m.hit, m.className])).toEqual([['a', false, ''], ['bc', true, 'ansi-fg-1'], ['d', true, '']])
  })
  test('empty matches mark nothing, and there is no end of them', () => {
    expect(mark(spans('abc'), /x*/g).map((m) => m.hit)).toEqual([false])
  })
  test('a match of every letter is bounded', () => {
    expect(mark(spans('x'.repeat(8192)), /./g).length).toBe(201)
  })
})

describe('words', () => {
  test('stamps', () => {
    const began = '2026-01-02T10:00:00Z'
    expect(stamp('2026-01-02T10:00:01.25Z', began, 'since')).toBe('+1.250s')
    expect(stamp('2026-01-02T11:02:03.004Z', began, 'since')).toBe('+1h 02m 03.004s')
    expect(stamp('2026-01-02T09:59:59Z', began, 'since')).toBe('-1.000s')
    expect(stamp('2026-01-02T10:00:01.25Z', began, 'clock')).toMatch(/^\d\d:00:01\.250$/)
    expect(stamp(undefined, began, 'clock')).toBe('')
    expect(stamp(began, undefined, 'since')).toBe('')
    expect(stamp(began, began, 'none')).toBe('')
  })
  test('preferences survive whatever was stored', () => {
    expect(parsePrefs('{"wrap":true,"times":"since"}')).toEqual({ wrap: true, times: 'since' })
    expect(parsePrefs('{"wrap":1,"times":"x"}')).toEqual({ wrap: false, times: 'none' })
    expect(parsePrefs('{')).toEqual({ wrap: false, times: 'none' })
    expect(parsePrefs(null)).toEqual({ wrap: false, times: 'none' })
  })
  test('numbers', () => {
    expect(count(1, 'match')).toBe('1 match')
    expect(count(2, 'match')).toBe('2 matches')
    expect([size(0), size(1536), size(1 << 30)]).toEqual(['0 B', '1.5 KiB', '1.0 GiB'])
  })
})
