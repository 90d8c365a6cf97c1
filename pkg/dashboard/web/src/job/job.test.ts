import { expect, test } from 'vitest'
import type { JobHistory } from '../api/schema'
import { countTicks, timeTicks } from './axis'
import { numbersOf, otherOf, quantile } from './numbers'

const empty: JobHistory = { connection: 'gitea', job: 'unit', runs: [], byDay: [], flakes: [] }

test('a job without runs has no numbers', () => {
  expect(numbersOf(empty)).toEqual({ passRate: undefined, success: 0, failure: 0, median: undefined, p95: undefined })
})

test('aborted runs count neither way', () => {
  const day = { day: '2026-03-01', success: 3, failure: 1, runs: 9, p50: 0, p95: 0 }
  expect(numbersOf({ ...empty, byDay: [day] }).passRate).toBe(0.75)
  expect(otherOf(day)).toBe(5)
})

test('a quantile is one of the numbers', () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2)
  expect(quantile([1, 2, 3, 4], 0.95)).toBe(4)
  expect(quantile([], 0.5)).toBeUndefined()
})

test.each([
  [1, [0, 1]],
  [100, [0, 30, 60, 90]],
  [2000, [0, 600, 1200, 1800]],
])('an axis up to %d s has round marks', (longest, want) => {
  expect(timeTicks(longest)).toEqual(want)
})

test('however long the axis, it has few marks', () => {
  for (const longest of [0.5, 7, 333, 86_400, 900_000, 1e8]) expect(timeTicks(longest).length).toBeLessThanOrEqual(6)
  for (const most of [1, 4, 9, 10, 49, 1000, 99_999]) {
    expect(countTicks(most).length).toBeLessThanOrEqual(6)
    expect(countTicks(most).every(Number.isInteger)).toBe(true)
  }
})
