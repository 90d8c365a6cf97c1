import { expect, test } from 'vitest'
import { ago, duration, short } from './time'

const second = 1000
const hour = 3600 * second

test.each([
  [-5, '0s'],
  [NaN, '0s'],
  [420, '0.4s'],
  [12 * second, '12s'],
  [59.7 * second, '1m 00s'],
  [185 * second, '3m 05s'],
  [2 * hour + 7 * 60 * second, '2h 07m'],
  [76 * hour, '3d 4h'],
])('%d ms is %s', (ms, want) => {
  expect(duration(ms)).toBe(want)
})

test.each([
  [30 * second, 'just now'],
  [-30 * second, 'just now'],
  [5 * 60 * second, '5 min ago'],
  [3 * hour, '3 h ago'],
  [50 * hour, '2 d ago'],
])('%d ms before is %s', (ms, want) => {
  const now = Date.UTC(2026, 2, 10)
  expect(ago(now - ms, now)).toBe(want)
})

test('marks of an axis are short', () => {
  expect([0, 30, 300, 5400, 7200].map(short)).toEqual(['0', '30s', '5m', '1.5h', '2h'])
})
