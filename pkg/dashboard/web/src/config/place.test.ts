import { expect, test } from 'vitest'
import { lineOf, placeOf } from './place'

test.each([
  ['config.yaml:16:5', { file: 'config.yaml', line: 16 }],
  ['jobs/a.yaml:7', { file: 'jobs/a.yaml', line: 7 }],
  ['plugins.yaml', { file: 'plugins.yaml', line: 0 }],
])('%s is found', (text, want) => {
  expect(placeOf(text)).toEqual(want)
})

test('only a line is a line', () => {
  expect(['#L12', '#L', '#x', ''].map(lineOf)).toEqual([12, 0, 0, 0])
})
