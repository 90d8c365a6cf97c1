import { expect, test } from 'vitest'
import { columns, describe } from './histogram'

const at = (minutes: number) => new Date(Date.UTC(2026, 2, 1, 0, minutes)).toISOString()

test('columns without runs are there too', () => {
  const all = columns({ from: at(0), to: at(5), seconds: 60, buckets: [{ start: at(3), counts: { success: 2, failure: 1 } }] })
  expect(all.map((c) => c.total)).toEqual([0, 0, 0, 3, 0])
  expect(describe(all[3]!)).toBe('1 failure, 2 success')
  expect(describe(all[0]!)).toBe('no runs')
})

test('states of one kind are counted together', () => {
  const [column] = columns({ from: at(0), to: at(1), seconds: 60, buckets: [{ start: at(0), counts: { triggered: 1, scheduling: 2, unheard: 1 } }] })
  expect(column?.parts).toEqual([{ kind: 'waiting', count: 4 }])
})

test('an answer that makes no sense still gives columns', () => {
  expect(columns({ from: at(5), to: at(0), seconds: 60, buckets: [{ start: at(9), counts: { success: 1 } }] })).toHaveLength(1)
  expect(columns({ from: at(0), to: at(60 * 24 * 365), seconds: 1, buckets: [] })).toHaveLength(400)
})
