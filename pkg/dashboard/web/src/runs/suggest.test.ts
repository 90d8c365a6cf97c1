import { expect, test } from 'vitest'
import { asked, parse, suggest } from './suggest'

const texts = (input: string, values: string[] = []) => suggest(input, values).map((s) => s.text)

test.each([
  ['job: unit', { field: 'job', text: 'unit' }],
  ['repo:org/name', { field: 'repo', text: 'org/name' }],
  ['Sta: fail', { field: 'state', text: 'fail' }],
  ['http://x', { text: 'http://x' }],
  [': x', { text: ': x' }],
])('%s is understood', (input, want) => {
  expect(parse(input)).toEqual(want)
})

test('an empty field offers the names of all fields', () => {
  expect(texts('')).toContain('author:')
  expect(suggest('', []).every((s) => s.value === undefined)).toBe(true)
})

test('a number may be a pull request, a whole id is a commit, any text a part of a job name', () => {
  expect(suggest('#123', [])[0]).toMatchObject({ field: 'pull', value: '123' })
  expect(suggest('DEADBEEF'.repeat(5), [])[0]).toMatchObject({ field: 'sha', value: 'deadbeef'.repeat(5) })
  expect(suggest('unit', [])[0]).toMatchObject({ field: 'job', value: '*unit*' })
})

test('states are found by the word that is shown and by their own', () => {
  expect(suggest('state:run', [])[0]).toMatchObject({ field: 'state', value: 'pending', text: 'state: running' })
  expect(suggest('state:pending', [])[0]).toMatchObject({ value: 'pending' })
})

test('what is typed can be taken although no run has it', () => {
  expect(texts('author: zoe', ['ada'])).toEqual(['author: zoe', 'author: ada'])
  expect(texts('author: ada', ['ada'])).toEqual(['author: ada'])
})

test('the server is asked only where it knows values', () => {
  expect([asked(''), asked('un'), asked('repo:x'), asked('state:f'), asked('pull:1')]).toEqual([undefined, 'job', 'repo', undefined, undefined])
})
