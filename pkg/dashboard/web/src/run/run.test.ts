import { describe, expect, test } from 'vitest'
import type { Task, TestCase, TestSuite } from '../api/schema'
import { artifactURL, baseOf, crumbsOf, folderOf, kindOfType, within } from './artifacts'
import { taskHref, taskNote } from './tasks'
import { choose, numbersOf } from './tests'
import { whyOf } from './why'

describe('artifacts', () => {
  test('paths', () => {
    expect([folderOf('a/b/c.txt'), folderOf('c.txt'), baseOf('a/b/'), baseOf('a/c.txt')]).toEqual(['a/b/', '', 'b', 'c.txt'])
    expect(crumbsOf('a/b/')).toEqual([{ name: 'a', prefix: 'a/' }, { name: 'b', prefix: 'a/b/' }])
    expect(artifactURL('run-1', 'a b/ü?.txt')).toBe('/api/v1/runs/run-1/artifacts/a%20b/%C3%BC%3F.txt')
  })
  test.each([
    ['text/plain; charset=utf-8', 'a.log', 'text'],
    ['application/json', 'a.json', 'text'],
    ['image/svg+xml', 'a.svg', 'image'],
    ['text/html; charset=utf-8', 'a.html', 'page'],
    ['text/plain', 'README.md', 'markdown'],
    ['application/octet-stream', 'core', 'none'],
  ])('%s %s is shown as %s', (type, path, want) => expect(kindOfType(type, path)).toBe(want))
  test.each([
    ['shots/a.png', '/api/v1/runs/r/artifacts/docs/shots/a.png'],
    ['../a.png', '/api/v1/runs/r/artifacts/a.png'],
    ['../../../../session', '/api/v1/runs/r/artifacts/session'],
    ['/top.txt', '/api/v1/runs/r/artifacts/top.txt'],
    ['https://example.org/x', 'https://example.org/x'],
    ['#part', '#part'],
    ['javascript:alert(1)', ''],
    ['data:text/html,x', ''],
    ['//evil.example/x', ''],
  ])('a link to %s in docs/README.md leads to %s', (link, want) => expect(within('r', 'docs/README.md', link)).toBe(want))
})

describe('tests', () => {
  const one = (name: string, state: TestCase['state']): TestCase => ({ name, state, seconds: 1, class: 'pkg/logs' })
  const suite = (name: string, ...cases: TestCase[]): TestSuite => ({ name, cases, file: 'junit.xml', tests: cases.length, failed: 0, skipped: 0, seconds: 1 })
  const suites = [suite('unit', one('TestA', 'failed'), one('TestB', 'passed')), suite('e2e', one('TestA', 'passed'))]
  const names = (of: TestSuite[]) => of.flatMap((s) => s.cases.map((c) => `${s.name} ${c.name}`))
  test('by result and words', () => {
    expect(choose(suites)).toBe(suites)
    expect(names(choose(suites, 'testa'))).toEqual(['unit TestA', 'e2e TestA'])
    expect(names(choose(suites, 'e2e LOGS', 'passed'))).toEqual(['e2e TestA'])
    expect(choose(suites, '', 'flaky')).toEqual([])
  })
  test('numbers', () => {
    expect(numbersOf({ tests: 1, failed: 0, skipped: 0, seconds: 0.5 })).toBe('1 test, in 0.5s')
    expect(numbersOf({ tests: 12, failed: 3, skipped: 1, seconds: 125 })).toBe('12 tests, 3 failed, 1 skipped, in 2m 05s')
  })
})

describe('tasks', () => {
  const task = (change: Partial<Task>): Task => ({ name: 't', state: 'success', runAfter: [], finally: false, steps: ['t/a', 't/b'], ...change })
  test('lead to the step that matters', () => {
    expect(taskHref('r', task({}))).toBe('/runs/r#t/a')
    expect(taskHref('r', task({ state: 'failure' }))).toBe('/runs/r#t/b')
    expect(taskHref('r', task({ steps: [] }))).toBeUndefined()
  })
  test('say why', () => {
    expect(taskNote(task({ skipped: 'when' }))).toBe('when')
    expect(taskNote(task({ state: 'failure', message: 'exit 1' }))).toBe('exit 1')
    expect(taskNote(task({ message: 'fine' }))).toBe('')
    expect(taskNote(task({ state: 'waiting', when: ['a', 'b'] }))).toBe('only when a and b')
  })
})

test('a success needs no reason', () => {
  expect(whyOf({ state: 'success', description: 'All tasks succeeded' })).toBe('')
  expect(whyOf({ state: 'error', description: 'x', reason: 'The image is missing.' })).toBe('The image is missing.')
  expect(whyOf({ state: 'pending', description: 'Running task test' })).toBe('Running task test')
})
