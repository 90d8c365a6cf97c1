import { expect, test } from 'vitest'
import { toggle, toParams, toQuery, zoom } from './filter'

const now = Date.parse('2026-03-10T12:00:00Z')

test('an address becomes a query, and what the server would refuse is left out', () => {
  const filter = { repo: 'org/name', pull: '#12', state: 'failure,error,nonsense', type: 'nonsense', sha: 'xyz', since: 'yesterday', job: '*unit*' }
  expect(toParams(toQuery(filter, now)).toString()).toBe('repo=org%2Fname&pull=12&job=*unit*&state=failure&state=error')
})

test('a span is counted back from now and wins over exact times', () => {
  const query = toQuery({ last: '24h', since: '2020-01-01T00:00:00Z', until: '2020-01-02T00:00:00Z' }, now)
  expect(query).toMatchObject({ since: '2026-03-09T12:00:00.000Z', until: undefined })
})

test('an unknown span is no filter', () => {
  expect(toParams(toQuery({ last: 'ages' }, now)).toString()).toBe('')
})

test('toggle adds and takes away, and nothing left is undefined', () => {
  expect(toggle(undefined, 'a')).toBe('a')
  expect(toggle('a,b', 'a')).toBe('b')
  expect(toggle('b', 'b')).toBeUndefined()
})

test('a column of the histogram becomes its span', () => {
  expect(zoom(now, 60)).toEqual({ since: '2026-03-10T12:00:00.000Z', until: '2026-03-10T12:01:00.000Z', last: undefined })
})
