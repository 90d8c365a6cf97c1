import { expect, test } from 'vitest'
import { merge, pick } from './keys'
import { nextIndex } from './useRowKeys'

const key = (name: string, does: string) => ({ key: name, does, run: () => {} })

test('a key of the page wins over one of the shell', () => {
  const groups = [
    { title: 'Everywhere', keys: [key('/', 'search everything')] },
    { title: 'Runs', keys: [key('/', 'filter')] },
  ]
  expect(pick(groups, '/')?.does).toBe('filter')
  expect(pick(groups, 'x')).toBeUndefined()
})

test('groups of one title are listed together', () => {
  const groups = merge([
    { title: 'Runs', keys: [key('/', 'filter')] },
    { title: 'Empty', keys: [] },
    { title: 'Runs', keys: [key('j', 'next')] },
  ])
  expect(groups.map((g) => [g.title, g.keys.length])).toEqual([['Runs', 2]])
})

test('j and k stay within the rows', () => {
  expect([nextIndex(-1, 1, 3), nextIndex(-1, -1, 3), nextIndex(2, 1, 3), nextIndex(0, -1, 3), nextIndex(1, 1, 3)]).toEqual([0, 2, 2, 0, 2])
})
