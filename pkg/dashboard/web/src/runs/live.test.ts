import { expect, test } from 'vitest'
import type { Run } from '../api/schema'
import { change, older, type Runs, withNews } from './live'

const run = (buildID: string, state: Run['state'] = 'pending') => ({ name: `run-${buildID}`, buildID, state }) as Run
const pages = (...lists: string[][]): Runs => ({
  pages: lists.map((ids, i) => ({ runs: ids.map((id) => run(id)), ...(i < lists.length - 1 && { next: 'more' }) })),
  pageParams: lists.map(() => undefined),
})
const ids = (runs: Runs) => runs.pages.map((page) => page.runs.map((r) => r.buildID))

test('build ids are compared as numbers of any length', () => {
  expect(older('9', '10')).toBe(true)
  expect(older('18446744073709551615', '18446744073709551614')).toBe(false)
})

test('a changed run changes where it stands', () => {
  const after = change(pages(['30', '20'], ['10']), run('20', 'success'))
  expect(ids(after)).toEqual([['30', '20'], ['10']])
  expect(after.pages[0]?.runs[1]?.state).toBe('success')
})

test('a change of a run that is not listed leaves the list as it is', () => {
  const before = pages(['30'])
  expect(change(before, run('20'))).toBe(before)
})

test('new runs come in order, on the page they belong to', () => {
  const after = withNews(pages(['30', '20'], ['10', '5']), [{ run: run('40') }, { run: run('25') }, { run: run('7') }])
  expect(ids(after)).toEqual([['40', '30', '25', '20'], ['10', '7', '5']])
})

test('a run older than what is loaded waits for its page, unless all is loaded', () => {
  const open: Runs = { pages: [{ runs: [run('30')], next: 'more' }], pageParams: [undefined] }
  expect(ids(withNews(open, [{ run: run('10') }]))).toEqual([['30']])
  expect(ids(withNews(pages(['30']), [{ run: run('10') }]))).toEqual([['30', '10']])
})

test('the first run of an empty list is listed, and a gone one is not', () => {
  expect(ids(withNews(pages([]), [{ run: run('1') }]))).toEqual([['1']])
  expect(ids(withNews(pages(['2', '1']), [{ gone: 'run-2' }]))).toEqual([['1']])
})

test('a run that came and went while it waited is not shown', () => {
  expect(ids(withNews(pages(['1']), [{ run: run('2') }, { gone: 'run-2' }]))).toEqual([['1']])
})
