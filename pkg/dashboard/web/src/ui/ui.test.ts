import { expect, test } from 'vitest'
import { configPath, jobPath, runPath, runsPath } from './links'
import { safeHref } from './Outside'
import { withValues } from './query'
import { isOver, kindOf, wordOf } from './state'

test('names in addresses are escaped, and empty parameters left out', () => {
  expect(runPath('a/b c', 'graph')).toBe('/runs/a%2Fb%20c/graph')
  expect(runsPath({ repo: 'org/name', author: undefined, job: '' })).toBe('/?repo=org%2Fname')
  expect(jobPath('gitea', undefined, 'nightly')).toBe('/job?connection=gitea&job=nightly')
  expect(configPath('jobs/a.yaml', 12)).toBe('/config?file=jobs%2Fa.yaml#L12')
  expect(configPath('a.yaml')).toBe('/config?file=a.yaml')
})

test('only web addresses become links', () => {
  expect(safeHref('https://forge.example/x')).toBe('https://forge.example/x')
  expect(safeHref('javascript:alert(1)')).toBeUndefined()
  expect(safeHref(' https://x')).toBeUndefined()
  expect(safeHref(undefined)).toBeUndefined()
})

test('a query keeps what is not changed', () => {
  const before = new URLSearchParams('job=unit&state=failure')
  expect(withValues(before, { state: undefined, author: 'ada' }).toString()).toBe('job=unit&author=ada')
  expect(before.toString()).toBe('job=unit&state=failure')
})

test('a pending run is running for people, and an unknown state is waiting', () => {
  expect([kindOf('pending'), wordOf('pending')]).toEqual(['running', 'running'])
  expect([kindOf('unheard'), wordOf('unheard')]).toEqual(['waiting', 'unheard'])
  expect([isOver('aborted'), isOver('pending')]).toEqual([true, false])
})
